/**
 * The arguments of a call from their JSON text; no text is no arguments. Text that is not JSON is kept as
 * `{ invalid_arguments: text }`: models want an object, and whoever reads on sees what was called.
 */
export function parseArguments(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return (JSON.parse(text) as unknown) ?? {};
  } catch {
    return { invalid_arguments: text };
  }
}
