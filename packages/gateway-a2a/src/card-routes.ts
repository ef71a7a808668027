import type { HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import { sha256 } from "@agentscope-runtime/services";
import { z } from "zod";
import type { CardDesk } from "./card-desk.ts";
import { toRestErrorReply } from "./rest-error-reply.ts";
import { versionOf } from "./protocol-version.ts";

const cardSchema = z.looseObject({ name: z.string(), description: z.string(), version: z.string() });

/** Where cards are found: by the protocol's own name, and by those that older clients and the Python runtime use. */
const paths = ["/.well-known/agent-card.json", "/.well-known/agent.json", "/.wellknown/agent-card.json"];

/** The public cards, of the first agent and of each by its name. */
export function cardRoutes(cards: CardDesk, maxAgeSeconds: number): readonly Route[] {
  const startedAt = new Date().toUTCString();
  const doc = { tag: "a2a", reply: cardSchema };
  const { keys } = cards;
  const keyRoute: Route = {
    method: "GET",
    path: "/.well-known/jwks.json",
    public: true,
    doc: { summary: "The keys that verify cards and push notifications.", tag: "a2a", reply: z.looseObject({}) },
    handle: () => ({ status: 200, headers: cacheFor(maxAgeSeconds), body: { json: keys } }),
  };
  return [...paths.flatMap(routesAt), ...(keys === undefined ? [] : [keyRoute])];

  function routesAt(path: string): readonly Route[] {
    return [
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
    ];
  }

  async function reply(request: RouteRequest, agent: string | undefined): Promise<HttpReply> {
    const { http } = request;
    const card = versionOf(request) === "1.0" ? await cards.card(agent, http) : await cards.union(agent, http);
    const text = JSON.stringify(card);
    const headers = {
      etag: `"${sha256(text)}"`,
      ...cacheFor(maxAgeSeconds),
      "last-modified": startedAt,
      vary: "A2A-Version, Host",
    };
    const known = (http.headers["if-none-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
    if (known.includes(headers.etag)) return { status: 304, headers };
    return { status: 200, headers, body: { text, contentType: "application/json" } };
  }
}

function cacheFor(seconds: number): Readonly<Record<string, string>> {
  return { "cache-control": `public, max-age=${seconds}` };
}
