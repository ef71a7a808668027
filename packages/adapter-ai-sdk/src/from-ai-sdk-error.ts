import { fromModelError, modelFailures } from "@agentscope-runtime/core/adapter";
import type { ModelFailure } from "@agentscope-runtime/core/adapter";
import type { RuntimeError } from "@agentscope-runtime/protocol";

const { unavailable, unfit, unreachableFile } = modelFailures;

/** Errors of the SDK that say all by their name. */
const failureOfName = new Map<unknown, ModelFailure>([
  ["AI_DownloadError", unreachableFile],
  ["AI_InvalidDataContentError", unfit],
  ["AI_InvalidMessageRoleError", unfit],
  ["AI_InvalidPromptError", unfit],
  ["AI_InvalidToolApprovalError", unfit],
  ["AI_InvalidToolApprovalSignatureError", unfit],
  ["AI_MessageConversionError", unfit],
  ["AI_MissingToolResultsError", unfit],
  ["AI_ToolCallNotFoundForApprovalError", unfit],
  ["AI_EmptyResponseBodyError", unavailable],
  ["AI_InvalidResponseDataError", unavailable],
  ["AI_JSONParseError", unavailable],
  ["AI_LoadAPIKeyError", unavailable],
  ["AI_LoadSettingError", unavailable],
  ["AI_NoContentGeneratedError", unavailable],
  ["AI_NoOutputGeneratedError", unavailable],
  ["AI_NoSuchModelError", unavailable],
  ["AI_TypeValidationError", unavailable],
]);

/** What a failure of the SDK or of the model's provider means to our caller; see `fromModelError`. */
export function fromAiSdkError(thrown: unknown): RuntimeError {
  return fromModelError(thrown, ownFailure);
}

/** The fields that the SDK puts on its errors. */
interface Fields {
  readonly name?: unknown;
  readonly functionality?: unknown;
  readonly statusCode?: unknown;
  readonly isRetryable?: unknown;
}

function ownFailure(error: object): ModelFailure | undefined {
  const { name, functionality, statusCode, isRetryable }: Fields = error;
  if (name === "AI_UnsupportedFunctionalityError") return unsupported(functionality);
  // No provider has answered.
  if (name === "AI_APICallError" && statusCode === undefined && isRetryable === true) return unavailable;
  return failureOfName.get(name);
}

/** `functionality` is a text of the SDK, such as "media type: audio/ogg". */
function unsupported(functionality: unknown): ModelFailure {
  const what = typeof functionality === "string" ? `: ${functionality}` : "";
  return { code: "invalid_argument", message: `The model does not support this${what}.` };
}
