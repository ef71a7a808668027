import { RuntimeError } from "@agentscope-runtime/protocol";

/**
 * The reason to stop a run with that is neither canceled nor failed, such as a spent budget: it ends `incomplete`, with
 * this word as its reason.
 */
export function incompleteFor(reason: string): RuntimeError {
  return new RuntimeError("resource_exhausted", `The run has ended early: ${reason}.`, { details: { reason } });
}

export function incompleteReasonOf({ code, details }: RuntimeError): string | undefined {
  const { reason } = details;
  return code === "resource_exhausted" && typeof reason === "string" ? reason : undefined;
}
