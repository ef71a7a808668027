import { fromModelError, isObject } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";

/** How a run ends that was ended on purpose: the reason of an incomplete run. */
const endings = new Map([
  ["MaxTurnsExceededError", "max_turns"],
  ["InputGuardrailTripwireTriggered", "input_guardrail"],
  ["OutputGuardrailTripwireTriggered", "output_guardrail"],
  ["ToolInputGuardrailTripwireTriggered", "tool_input_guardrail"],
  ["ToolOutputGuardrailTripwireTriggered", "tool_output_guardrail"],
]);

/** The reason, when a limit or a guardrail of the agent has ended the run. */
export function endingOf(thrown: unknown): string | undefined {
  return endings.get(classOf(thrown));
}

/** What the model said when it declined, and the SDK wanted something else of it. */
export function refusalOf(thrown: unknown): string | undefined {
  if (classOf(thrown) !== "ModelRefusalError" || !isObject(thrown)) return undefined;
  return typeof thrown["refusal"] === "string" ? thrown["refusal"] : undefined;
}

/** The SDK has ended the run since the model's answer was not whole, or was not what it should be. */
export function isModelBehavior(thrown: unknown): boolean {
  return classOf(thrown) === "ModelBehaviorError";
}

/**
 * What a failure of the SDK means to our caller; see `fromModelError`. A tool or a guardrail that broke is what broke it, a model that
 * was too slow `deadline_exceeded`, one that answers what the SDK cannot use `unavailable`.
 */
export function fromOpenAIAgentsError(thrown: unknown): RuntimeError {
  if (RuntimeError.is(thrown)) return thrown;
  switch (classOf(thrown)) {
    case "ToolCallError":
    case "GuardrailExecutionError":
      return isObject(thrown) ? RuntimeError.from(thrown["error"]) : RuntimeError.from(thrown);
    case "ModelTimeoutError":
      return new RuntimeError("deadline_exceeded", "The model took too long.", { cause: thrown });
    case "ToolTimeoutError":
      return new RuntimeError("deadline_exceeded", "A tool took too long.", { cause: thrown });
    case "ModelBehaviorError":
      return new RuntimeError("unavailable", "The model's answer cannot be used.", { cause: thrown });
    default:
      return fromModelError(thrown);
  }
}

/** By name: the SDK may be there twice. */
function classOf(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return "";
  const { constructor: made } = thrown as { readonly constructor?: { readonly name?: unknown } };
  return typeof made?.name === "string" ? made.name : "";
}
