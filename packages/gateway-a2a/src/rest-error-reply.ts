import { errorReply } from "@agentscope-runtime/core";
import type { HttpReply } from "@agentscope-runtime/core";
import type { RuntimeError } from "@agentscope-runtime/protocol";
import { toFault } from "./a2a-error.ts";

/** HTTP+JSON's body of an error: AIP-193. */
export function toRestError(error: RuntimeError): object {
  const { http, status, message, info } = toFault(error);
  return { error: { code: http, status, message, details: [info] } };
}

export function toRestErrorReply(error: RuntimeError): HttpReply {
  const { headers = {} } = errorReply(error);
  return { status: toFault(error).http, headers, body: { json: toRestError(error) } };
}
