/** JSON text of a tool's arguments or output. A string is JSON text, or plain text, already. */
export function jsonText(value: unknown): string {
  if (typeof value === "string") return value;
  // Undefined, functions and symbols have no JSON.
  return (JSON.stringify(value) as string | undefined) ?? "null";
}
