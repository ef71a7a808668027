import { ownerOf, runIdHeader, toldFrames } from "@agentscope-runtime/core";
import type { GatewayHost, HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import { parse } from "@agentscope-runtime/protocol";
import type { RunKey } from "@agentscope-runtime/services";
import { z } from "zod";
import { beginResponse } from "./begin-response.ts";
import { errorBodySchema, openAiErrorReply } from "./error-body.ts";
import { listSchema, listQueryFields, pageOfItems } from "./item-list.ts";
import { forgetterOf } from "./forget-run.ts";
import type { ResponseDesk } from "./response-desk.ts";
import { responseRequestSchema } from "./response-request.ts";
import { responseEventSchema, responseSchema } from "./response-resource.ts";
import { ResponseStory } from "./response-story.ts";
import { ResponseTeller } from "./response-teller.ts";
import { endOfRun } from "./run-events.ts";

const retrieveQuerySchema = z.looseObject({
  stream: z.enum(["true", "false"]).optional(),
  starting_after: z
    .string()
    .regex(/^\d{1,15}$/, "an event's number is a whole number from 0")
    .transform(Number)
    .optional(),
});
const itemsQuerySchema = z.looseObject(listQueryFields);
const deletedSchema = z.object({ id: z.string(), object: z.literal("response"), deleted: z.literal(true) });

/** The Responses API: begin, look, follow, cancel, forget. */
export function responseRoutes({ maxBodyBytes }: GatewayHost, desk: ResponseDesk, prefix: string): readonly Route[] {
  const { runs, shelf } = desk;
  const tag = "openai";
  const errorReply = openAiErrorReply;
  const path = `${prefix}/responses/:responseId`;
  return [
    {
      method: "POST",
      path: `${prefix}/responses`,
      doc: {
        summary: "Responses of OpenAI: run the agent, and stream events with `stream: true`.",
        tag,
        body: responseRequestSchema,
        reply: responseSchema,
        events: responseEventSchema,
        error: errorBodySchema,
      },
      errorReply,
      handle: create,
    },
    {
      method: "GET",
      path,
      doc: {
        summary: "A response as it is now, or with `stream=true` its events, behind `starting_after`, until it ends.",
        tag,
        query: retrieveQuerySchema,
        reply: responseSchema,
        events: responseEventSchema,
        error: errorBodySchema,
      },
      errorReply,
      handle: retrieve,
    },
    {
      method: "DELETE",
      path,
      doc: { summary: "Stop a response and forget it.", tag, reply: deletedSchema, error: errorBodySchema },
      errorReply,
      async handle(request) {
        const key = keyOf(request);
        await shelf.get(key, request.http.signal);
        await runs.delete(key);
        return { status: 200, body: { json: { id: key.runId, object: "response", deleted: true } } };
      },
    },
    {
      method: "POST",
      path: `${path}/cancel`,
      doc: {
        summary: "Stop a response; answers when its agent has stopped.",
        tag,
        reply: responseSchema,
        error: errorBodySchema,
      },
      errorReply,
      async handle(request) {
        const key = keyOf(request);
        const { signal } = request.http;
        await shelf.get(key, signal);
        await runs.cancel(key, { signal });
        return { status: 200, body: { json: await shelf.resource(await shelf.get(key, signal)) } };
      },
    },
    {
      method: "GET",
      path: `${path}/input_items`,
      doc: {
        summary: "What a response was asked, newest first.",
        tag,
        query: itemsQuerySchema,
        reply: listSchema,
        error: errorBodySchema,
      },
      errorReply,
      async handle(request) {
        const query = parse(itemsQuerySchema, Object.fromEntries(request.query), "query");
        const { items } = await shelf.get(keyOf(request), request.http.signal);
        return { status: 200, body: { json: pageOfItems(items, query) } };
      },
    },
  ];

  async function create(request: RouteRequest): Promise<HttpReply> {
    const body = parse(responseRequestSchema, await request.http.readJson(maxBodyBytes), "request");
    const { http, identity } = request;
    const { signal } = http;
    const begun = await beginResponse(desk, body, { identity, signal, traceparent: http.headers["traceparent"] });
    const { key, facts } = begun;
    const forget = begun.isTransient ? forgetterOf(runs, key, { keepsSession: begun.keepsSession }) : undefined;
    if (forget !== undefined) signal.addEventListener("abort", forget, { once: true });
    const headers = runIdHeader(key.runId);
    if (body.stream === true) {
      const frames = toldFrames(runs.read(key, { follow: true, signal }), new ResponseTeller(facts));
      return { status: 200, headers, body: { sse: forget === undefined ? frames : afterwards(frames, forget) } };
    }
    if (body.background === true) {
      return { status: 200, headers, body: { json: await shelf.resource(await shelf.get(key, signal)) } };
    }
    try {
      const response = new ResponseStory(facts).tellAll(await endOfRun(runs, key, signal));
      return { status: 200, headers, body: { json: response } };
    } finally {
      forget?.();
    }
  }

  async function retrieve(request: RouteRequest): Promise<HttpReply> {
    const { stream, starting_after: after } = parse(retrieveQuerySchema, Object.fromEntries(request.query), "query");
    const key = keyOf(request);
    const { signal } = request.http;
    const kept = await shelf.get(key, signal);
    if (stream !== "true") return { status: 200, body: { json: await shelf.resource(kept) } };
    return {
      status: 200,
      headers: runIdHeader(key.runId),
      body: { sse: toldFrames(runs.read(key, { follow: true, signal }), new ResponseTeller(kept.facts, after)) },
    };
  }
}

function keyOf({ identity, params }: RouteRequest): RunKey {
  return { ownerId: ownerOf(identity), runId: params["responseId"] ?? "" };
}

async function* afterwards(frames: AsyncIterable<string>, then: () => void): AsyncGenerator<string, void, undefined> {
  try {
    yield* frames;
  } finally {
    then();
  }
}
