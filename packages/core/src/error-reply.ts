import { httpStatusFromErrorCode, RuntimeError } from "@agentscope-runtime/protocol";
import type { HttpReply } from "./http.ts";

/** Anything thrown as `{ "error": { code, message, details } }` with the code's status. */
export function errorReply(thrown: unknown, headers: Readonly<Record<string, string>> = {}): HttpReply {
  const error = RuntimeError.from(thrown);
  const challenge = error.code === "unauthenticated" ? { "www-authenticate": "Bearer" } : {};
  const retry = error.code === "unavailable" || error.code === "resource_exhausted" ? { "retry-after": "1" } : {};
  return {
    status: httpStatusFromErrorCode(error.code),
    headers: { ...challenge, ...retry, ...headers },
    body: { json: { error } },
  };
}
