import { RuntimeError } from "@agentscope-runtime/protocol";

/** The reason to stop a run with that shall leave no trace in its session's history. */
export function rollback(): RuntimeError {
  return new RuntimeError("canceled", "A later message replaced this one.", { details: { rollback: true } });
}

/** Whether a signal's reason is that a later message replaced the run: then it leaves no trace, nor does what an agent keeps itself. */
export function isRollback(reason: unknown): boolean {
  return RuntimeError.is(reason) && reason.code === "canceled" && reason.details["rollback"] === true;
}
