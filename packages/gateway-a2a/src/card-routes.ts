import type { HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import { sha256 } from "@agentscope-runtime/services";
import { z } from "zod";
import type { CardDesk } from "./card-desk.ts";
import { toLegacyCardFields } from "./to-legacy.ts";
import { toRestErrorReply } from "./rest-error-reply.ts";
import { versionOf } from "./protocol-version.ts";

const cardSchema = z.looseObject({ name: z.string(), description: z.string(), version: z.string() });

/** Where cards are found: by the protocol's own name, and by those that older clients and the Python runtime use. */
const paths = ["/.well-known/agent-card.json", "/.well-known/agent.json", "/.wellknown/agent-card.json"];

/** The public cards, of the first agent and of each by its name. */
export function cardRoutes(cards: CardDesk, maxAgeSeconds: number): readonly Route[] {
  const startedAt = new Date().toUTCString();
  const doc = { tag: "a2a", reply: cardSchema };
  return paths.flatMap((path): Route[] => [
    {
      method: "GET",
      path,
      public: true,
      doc: { ...doc, summary: "The agent's card." },
      handle: async (request) => reply(request, undefined),
      errorReply: toRestErrorReply,
    },
    {
      method: "GET",
      path: `/agents/:agent${path}`,
      public: true,
      doc: { ...doc, summary: "The card of one of several agents." },
      handle: async (request) => reply(request, request.params["agent"]),
      errorReply: toRestErrorReply,
    },
  ]);

  async function reply(request: RouteRequest, agent: string | undefined): Promise<HttpReply> {
    const { http } = request;
    const card = await cards.card(agent, http);
    // Whoever does not say that it speaks 1.0 may speak 0.3: one document has the words of both.
    const text = JSON.stringify(versionOf(request) === "1.0" ? card : { ...card, ...toLegacyCardFields(card) });
    const headers = {
      etag: `"${sha256(text)}"`,
      "cache-control": `public, max-age=${maxAgeSeconds}`,
      "last-modified": startedAt,
      vary: "A2A-Version, Host",
    };
    const known = (http.headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
    if (known.includes(headers.etag)) return { status: 304, headers };
    return { status: 200, headers, body: { text, contentType: "application/json" } };
  }
}
