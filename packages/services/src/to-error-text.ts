/** The words of what was thrown: an error's message, anything else as text. */
export function toErrorText(thrown: unknown): string {
  // By its message: errors of another realm fail `instanceof`.
  if (typeof thrown === "object" && thrown !== null && "message" in thrown && typeof thrown.message === "string")
    return thrown.message;
  try {
    return String(thrown);
  } catch {
    return "Something was thrown that has no text."; // An object without a prototype.
  }
}
