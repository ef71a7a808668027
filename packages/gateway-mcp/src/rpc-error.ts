import { httpStatusFromErrorCode, RuntimeError } from "@agentscope-runtime/protocol";
import type { ErrorCode } from "@agentscope-runtime/protocol";
import type { HttpReply } from "@agentscope-runtime/core";
import type { RequestId } from "@modelcontextprotocol/server";

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The codes of JSON-RPC; everything else that a caller can act on is `serverError`, and `data` says what. */
const parseError = -32700;
const invalidRequest = -32600;
const invalidParams = -32602;
const internalError = -32603;
const serverError = -32000;

const codes: Partial<Record<ErrorCode, number>> = {
  invalid_argument: invalidParams,
  not_found: invalidParams,
  internal: internalError,
};

/** An error in JSON-RPC's words. `data` has our own code, the HTTP status that it would have, and what a program can use. */
export function toRpcError(thrown: unknown): RpcError {
  const { code, message, details } = RuntimeError.from(thrown);
  const data = { code, status: httpStatusFromErrorCode(code), ...(Object.keys(details).length > 0 ? { details } : {}) };
  return { code: codes[code] ?? serverError, message, data };
}

/** What is for whoever stands between client and server too, such as a load balancer. */
const statuses: ReadonlySet<ErrorCode> = new Set([
  "unauthenticated",
  "permission_denied",
  "resource_exhausted",
  "unavailable",
]);

/**
 * The answer to a request that has failed. Its status is that of an answer: a client would take a 404 for the end of its session.
 */
export function toAnswer(thrown: unknown, id: RequestId): HttpReply {
  const error = RuntimeError.from(thrown);
  return statuses.has(error.code) ? toErrorReply(error, id) : rpcErrorReply(200, toRpcError(error), { id });
}

/** An error before there is anything to answer, as a reply with its status. */
export function toErrorReply(thrown: unknown, id: RequestId | null = null): HttpReply {
  const error = RuntimeError.from(thrown);
  const busy = error.code === "unavailable" || error.code === "resource_exhausted" ? { "retry-after": "1" } : {};
  return rpcErrorReply(httpStatusFromErrorCode(error.code), toRpcError(error), { id, headers: busy });
}

/** What could not be read at all. */
export function toUnreadableReply(error: RuntimeError): HttpReply {
  if (error.code !== "invalid_argument") return toErrorReply(error);
  return rpcErrorReply(400, { ...toRpcError(error), code: parseError });
}

export function invalidRequestReply(status: number, message: string): HttpReply {
  return rpcErrorReply(status, { code: invalidRequest, message, data: {} });
}

function rpcErrorReply(
  status: number,
  { code, message, data }: RpcError,
  {
    id = null,
    headers = {},
  }: { readonly id?: RequestId | null; readonly headers?: Readonly<Record<string, string>> } = {},
): HttpReply {
  const error = { code, message, ...(Object.keys(data).length > 0 ? { data } : {}) };
  return { status, headers, body: { json: { jsonrpc: "2.0", id, error } } };
}
