import type { HttpMethod, HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import type { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { a2aError } from "./a2a-error.ts";
import { callerOf } from "./caller.ts";
import { assertContentType } from "./content-type.ts";
import { eventFrames } from "./event-frames.ts";
import type { FrameWords } from "./event-frames.ts";
import { extensionHeaders } from "./json-rpc.ts";
import type { Method } from "./methods.ts";
import type { Operations } from "./operations.ts";
import { assertVersion, versionOf } from "./protocol-version.ts";
import type { ProtocolVersion } from "./protocol-version.ts";

const replySchema = z.looseObject({});

export interface RestOptions {
  readonly operations: Operations;
  readonly maxBodyBytes: number;
}

/** What is particular to HTTP+JSON of one version. */
export interface RestDialect {
  readonly version: ProtocolVersion;
  readonly methods: Readonly<Record<string, Method>>;
  readonly words: FrameWords;
  readonly contentType: string;
  readonly errorReply: (error: RuntimeError) => HttpReply;
}

export interface RestOperation {
  /** Of the dialect. */
  readonly method: string;
  /** What the path and the query say, as params of the method. */
  readonly params: Record<string, unknown>;
}

interface RestRoute {
  readonly method: HttpMethod;
  readonly path: string;
  readonly summary: string;
  readonly body?: z.ZodType;
  readonly operation: (request: RouteRequest) => RestOperation;
}

/** Makes the routes of a version's HTTP+JSON below a path. */
export function restRoute(
  base: string,
  { version, methods, words, contentType, errorReply }: RestDialect,
  { operations, maxBodyBytes }: RestOptions,
): (route: RestRoute) => Route {
  return ({ method, path, summary, body, operation }) => ({
    method,
    path: `${base}${path}`,
    doc: { summary, tag: "a2a", reply: replySchema, ...(body === undefined ? {} : { body }) },
    handle: async (request) => answer(request, operation),
    errorReply,
  });

  async function answer(request: RouteRequest, operationOf: RestRoute["operation"]): Promise<HttpReply> {
    const { http } = request;
    assertVersion(versionOf(request), version);
    const { method: name, params } = operationOf(request);
    const method = methods[name];
    if (method === undefined) throw a2aError("METHOD_NOT_FOUND", `There is no operation ${name}.`);
    const caller = callerOf(request, operations.cards.agent(request.params["agent"]));
    const body = http.method === "POST" ? await readObject(request) : {};
    const headers = await extensionHeaders(operations, request, caller.extensions);
    const call = { caller, http };
    if (method.kind === "stream") {
      const batches = await method.stream(operations, { ...body, ...params }, call);
      return { status: 200, headers, body: { sse: eventFrames(batches, words) } };
    }
    const result = await method.call(operations, { ...body, ...params }, call);
    if (result === null) return { status: 204, headers };
    return { status: 200, headers, body: { text: JSON.stringify(result), contentType } };
  }

  async function readObject({ http }: RouteRequest): Promise<Record<string, unknown>> {
    assertContentType(http.headers);
    const body = (await http.readJson(maxBodyBytes)) ?? {};
    if (typeof body === "object" && !Array.isArray(body)) return body as Record<string, unknown>;
    throw a2aError("INVALID_PARAMS", "Invalid request: send a JSON object.");
  }
}

/** A number of the query; what is none stays a text, for the schema to refuse. */
export function numberIn(query: URLSearchParams, name: string): Record<string, unknown> {
  const value = query.get(name);
  if (value === null || value === "") return {};
  return { [name]: /^-?\d{1,15}$/.test(value) ? Number(value) : value };
}
