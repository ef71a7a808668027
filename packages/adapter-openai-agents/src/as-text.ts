/** A text as it is, nothing as no text, anything else as JSON. */
export function asText(value: unknown): string {
  if (typeof value === "string") return value;
  return (value ?? undefined) === undefined ? "" : JSON.stringify(value);
}
