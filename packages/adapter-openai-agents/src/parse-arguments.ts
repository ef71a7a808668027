/** What a model wrote; text that is no JSON stays text, and the tool says what it wants. No text is no arguments. */
export function parseArguments(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
