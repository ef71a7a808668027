/** What the model is told of a tool that threw: the tool's own words, which Mastra wraps in an error of its own. */
export function errorText(error: unknown): string {
  if (typeof error === "string") return error;
  const { message, cause, details } = isRecord(error) ? error : {};
  if (isRecord(cause) && typeof cause["message"] === "string") return cause["message"];
  if (typeof message === "string" && message !== "") return message;
  const told = isRecord(details) ? details["errorMessage"] : undefined;
  return typeof told === "string" ? told : "The tool failed.";
}

/** Mastra answers a call whose arguments do not fit with a result of this form. */
export function isRefusedInput(result: unknown): boolean {
  return (
    isRecord(result) &&
    result["error"] === true &&
    typeof result["message"] === "string" &&
    "validationErrors" in result
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
