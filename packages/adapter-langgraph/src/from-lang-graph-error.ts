import { fromModelError, modelFailures } from "@agentscope-runtime/core/adapter";
import type { ModelFailure } from "@agentscope-runtime/core/adapter";
import type { RuntimeError } from "@agentscope-runtime/protocol";

const recursion: ModelFailure = {
  code: "resource_exhausted",
  message: "The agent has taken more steps than its recursion limit.",
};

/**
 * What a failure of a graph means to our caller. The original is kept as `cause`, and none of its words is told.
 *
 * LangChain marks some of its errors with a code; all others are judged by what the model's client says.
 */
export function fromLangGraphError(thrown: unknown): RuntimeError {
  return fromModelError(thrown, ownFailure);
}

function ownFailure(error: object): ModelFailure | undefined {
  switch ("lc_error_code" in error ? error.lc_error_code : undefined) {
    case "GRAPH_RECURSION_LIMIT":
      return recursion;
    case "MODEL_AUTHENTICATION":
    case "MODEL_NOT_FOUND":
      return modelFailures.unavailable;
    case "MODEL_RATE_LIMIT":
      return modelFailures.exhausted;
    case "INVALID_TOOL_RESULTS":
    case "MESSAGE_COERCION_FAILURE":
      return modelFailures.unfit;
    case undefined:
    default:
      return undefined;
  }
}
