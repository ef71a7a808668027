import { fromModelError } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";

/**
 * What a failure of Mastra or of the model's provider means to our caller, without the provider's words. The original is kept as
 * `cause`. A file that cannot be downloaded is `invalid_argument`; everything else is as `fromModelError` of core tells.
 */
export function fromMastraError(thrown: unknown): RuntimeError {
  if (codeOf(thrown) === "DOWNLOAD_ASSETS_FAILED") {
    return new RuntimeError("invalid_argument", "A file of the messages cannot be downloaded.", { cause: thrown });
  }
  return fromModelError(thrown);
}

/** Mastra's own errors have it as `id`, and as `code` once they have been written as JSON. */
function codeOf(thrown: unknown): unknown {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  const { id, code } = thrown as { readonly id?: unknown; readonly code?: unknown };
  return id ?? code;
}
