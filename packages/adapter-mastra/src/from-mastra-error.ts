import { fromModelError, modelFailures } from "@agentscope-runtime/core/adapter";
import type { RuntimeError } from "@agentscope-runtime/protocol";

/**
 * What a failure of Mastra or of the model's provider means to our caller, without the provider's words. The original is kept as
 * `cause`. A file that cannot be downloaded is `invalid_argument`; everything else is as `fromModelError` of core tells.
 */
export function fromMastraError(thrown: unknown): RuntimeError {
  return fromModelError(thrown, (error) =>
    codeOf(error) === "DOWNLOAD_ASSETS_FAILED" ? modelFailures.unreachableFile : undefined,
  );
}

/** Mastra's own errors have it as `id`, and as `code` once they have been written as JSON. */
function codeOf(error: object): unknown {
  const { id, code } = error as { readonly id?: unknown; readonly code?: unknown };
  return id ?? code;
}
