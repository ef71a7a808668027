import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ErrorCode } from "@agentscope-runtime/protocol";
import type { McpResult } from "@agentscope-runtime/tools";

/** What the model that calls can mend, so that it is told in a result. */
const mendable: ReadonlySet<ErrorCode> = new Set([
  "invalid_argument",
  "conflict",
  "deadline_exceeded",
  "permission_denied",
]);

/** A call that failed as a result that a model reads; undefined for what is no business of a model. */
export function toFailure(thrown: unknown): McpResult | undefined {
  if (!RuntimeError.is(thrown) || !mendable.has(thrown.code)) return undefined;
  if (thrown.details["reason"] === "invalid_request_state") return undefined;
  const error = thrown.toJSON();
  return { content: [{ type: "text", text: error.message }], structuredContent: { error }, isError: true };
}
