import { isObject } from "@agentscope-runtime/core/adapter";

/** What the model is told of a tool that threw: the tool's own words, which Mastra wraps in an error of its own. */
export function errorText(error: unknown): string {
  if (typeof error === "string") return error;
  const { message, cause, details } = isObject(error) ? error : {};
  if (isObject(cause) && typeof cause["message"] === "string") return cause["message"];
  if (typeof message === "string" && message !== "") return message;
  const told = isObject(details) ? details["errorMessage"] : undefined;
  return typeof told === "string" ? told : "The tool failed.";
}

/** Mastra answers a call whose arguments do not fit with a result of this form. */
export function isRefusedInput(result: unknown): boolean {
  return (
    isObject(result) &&
    result["error"] === true &&
    typeof result["message"] === "string" &&
    "validationErrors" in result
  );
}
