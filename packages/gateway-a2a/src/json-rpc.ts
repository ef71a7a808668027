import { errorReply } from "@agentscope-runtime/core";
import type { HttpReply, RouteRequest } from "@agentscope-runtime/core";
import { parse, RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { a2aError, toFault } from "./a2a-error.ts";
import { activated } from "./begin-task.ts";
import { callerOf } from "./caller.ts";
import { eventFrames } from "./event-frames.ts";
import { assertContentType } from "./content-type.ts";
import { legacyMethods } from "./legacy-methods.ts";
import { methods } from "./methods.ts";
import type { Method } from "./methods.ts";
import type { Operations } from "./operations.ts";
import { saysVersion, versionOf } from "./protocol-version.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import { StreamEventEncoder } from "./stream-event-encoder.ts";
import { toLegacyEvent } from "./to-legacy.ts";
import type { StreamEvent } from "./task.ts";

/** An id of a request; a request without one is answered all the same. */
const idSchema = z.union([z.string(), z.number(), z.null()]).default(null);

export const envelopeSchema = z.object({
  jsonrpc: z.literal("2.0"),
  id: idSchema,
  method: z.string().min(1),
  params: z.unknown().optional(),
});

type Id = z.output<typeof idSchema>;

/** Answers a JSON-RPC request of either version. Never throws: an error is an answer. */
export async function answerRpc(
  request: RouteRequest,
  { operations, maxBodyBytes }: { readonly operations: Operations; readonly maxBodyBytes: number },
): Promise<HttpReply> {
  const { http } = request;
  let id: Id = null;
  // In whose words an error is told that comes before the version is known to be one.
  let version: ProtocolVersion = saysVersion(request) ? "1.0" : "0.3";
  try {
    assertContentType(http.headers);
    const body = await readBody(request, maxBodyBytes);
    id = idIn(body);
    version = versionOf(request);
    const envelope = parsed(body);
    const method = methodOf(version, envelope.method);
    const agent = operations.cards.agent(request.params["agent"]);
    const caller = callerOf(request, agent);
    const { params = {} } = envelope;
    const call = { caller, http };
    const headers = await extensionHeaders(operations, request, caller.extensions);
    if (method.kind === "call") {
      const result = await method.call(operations, params, call);
      return { status: 200, headers, body: { json: { jsonrpc: "2.0", id, result } } };
    }
    const batches = await method.stream(operations, params, call);
    return { status: 200, headers, body: { sse: eventFrames(batches, wordsOf(id, version)) } };
  } catch (thrown) {
    return toRpcErrorReply(RuntimeError.from(thrown), { id, version });
  }
}

export interface RpcErrorWords {
  readonly id?: Id;
  readonly version?: ProtocolVersion;
}

/** Errors of the protocol are answers; what HTTP has a status for has that too, so that proxies and logs know. */
export function toRpcErrorReply(error: RuntimeError, { id = null, version = "1.0" }: RpcErrorWords = {}): HttpReply {
  const { own, http } = toFault(error);
  const { headers = {} } = errorReply(error);
  const body = { jsonrpc: "2.0", id, error: toRpcError(error, version) };
  return { status: own ? 200 : http, headers, body: { json: body } };
}

function toRpcError(error: RuntimeError, version: ProtocolVersion): object {
  const { rpc, message, info } = toFault(error);
  return version === "1.0" ? { code: rpc, message, data: [info] } : { code: rpc, message };
}

function wordsOf(id: Id, version: ProtocolVersion) {
  // The envelope is the same for all events of a stream.
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},`;
  const encoder = new StreamEventEncoder();
  return {
    event: (event: StreamEvent) =>
      `${head}"result":${version === "1.0" ? encoder.encode(event) : JSON.stringify(toLegacyEvent(event))}}`,
    error: (error: RuntimeError) => `${head}"error":${JSON.stringify(toRpcError(error, version))}}`,
  };
}

async function readBody({ http }: RouteRequest, maxBodyBytes: number): Promise<unknown> {
  try {
    return await http.readJson(maxBodyBytes);
  } catch (thrown) {
    if (RuntimeError.is(thrown) && thrown.code === "invalid_argument") throw a2aError("PARSE_ERROR", thrown.message);
    throw thrown;
  }
}

function parsed(body: unknown): z.output<typeof envelopeSchema> {
  try {
    return parse(envelopeSchema, body, "JSON-RPC request");
  } catch (thrown) {
    throw a2aError("INVALID_REQUEST", RuntimeError.from(thrown).message);
  }
}

/** Also of a request that is wrong otherwise. */
function idIn(body: unknown): Id {
  const id: unknown = typeof body === "object" && body !== null && "id" in body ? body.id : null;
  return idSchema.safeParse(id).data ?? null;
}

function methodOf(version: ProtocolVersion, name: string): Method {
  const [known, other] = version === "1.0" ? [methods, legacyMethods] : [legacyMethods, methods];
  const method = Object.hasOwn(known, name) ? known[name] : undefined;
  if (method !== undefined) return method;
  const remedy = Object.hasOwn(other, name)
    ? version === "1.0"
      ? "it is of A2A 0.3: leave the header A2A-Version out"
      : 'it is of A2A 1.0: send the header "A2A-Version: 1.0"'
    : `use one of ${Object.keys(known).join(", ")}`;
  throw a2aError("METHOD_NOT_FOUND", `There is no method ${JSON.stringify(name.slice(0, 60))}: ${remedy}.`);
}

/** Which of the asked extensions hold for the answer. */
export async function extensionHeaders(
  { cards }: Operations,
  { http, params }: Pick<RouteRequest, "http" | "params">,
  asked: readonly string[],
): Promise<Record<string, string>> {
  if (asked.length === 0) return {};
  const active = activated(await cards.card(params["agent"], http), asked);
  return active.length === 0 ? {} : { "a2a-extensions": active.join(",") };
}
