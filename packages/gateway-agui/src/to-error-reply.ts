import { EventType } from "@ag-ui/core";
import type { RunErrorEvent } from "@ag-ui/core";
import { errorReply } from "@agentscope-runtime/core";
import type { HttpReply } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ErrorInfo } from "@agentscope-runtime/protocol";

/** An error in AG-UI's words. What a program can use stands in its metadata. */
export function toRunError({ code, message, details }: ErrorInfo): RunErrorEvent {
  const has = details !== undefined && Object.keys(details).length > 0;
  return { type: EventType.RUN_ERROR, message, code, ...(has ? { metadata: { agentscope: { details } } } : {}) };
}

/** A refusal before the run: the status says what it is, and the body is the event that a stream would have had. */
export function toErrorReply(error: RuntimeError): HttpReply {
  return { ...errorReply(error), body: { json: toRunError(error.toJSON()) } };
}

/** What ends a stream that cannot go on. */
export function endingError(thrown: unknown): RunErrorEvent {
  return toRunError(RuntimeError.from(thrown).toJSON());
}
