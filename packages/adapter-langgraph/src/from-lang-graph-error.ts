import { fromModelError } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { isObject } from "./json.ts";

/**
 * What a failure of a graph means to our caller. The original is kept as `cause`, and none of its words is told.
 *
 * LangChain marks some of its errors with a code; all others are judged by what the model's client says.
 */
export function fromLangGraphError(thrown: unknown): RuntimeError {
  const options = { cause: thrown };
  switch (isObject(thrown) ? thrown["lc_error_code"] : undefined) {
    case "GRAPH_RECURSION_LIMIT":
      return new RuntimeError(
        "resource_exhausted",
        "The agent has taken more steps than its recursion limit.",
        options,
      );
    case "MODEL_AUTHENTICATION":
    case "MODEL_NOT_FOUND":
      return new RuntimeError("unavailable", "The model is not available.", options);
    case "MODEL_RATE_LIMIT":
      return new RuntimeError("resource_exhausted", "The model's rate limit or quota is used up.", options);
    case "INVALID_TOOL_RESULTS":
    case "MESSAGE_COERCION_FAILURE":
      return new RuntimeError("invalid_argument", "The model cannot be given these messages.", options);
    default:
      return fromModelError(thrown);
  }
}
