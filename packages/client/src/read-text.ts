export interface ReadText {
  readonly text: string;
  /** True when there was more; the connection is closed then. */
  readonly cut: boolean;
}

/** The beginning of a body as text: as far as its end, or just beyond this many characters. */
export async function readText(chunks: AsyncIterable<Uint8Array>, maxLength: number): Promise<ReadText> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maxLength) return { text: text.slice(0, maxLength), cut: true };
  }
  return { text: text + decoder.decode(), cut: false };
}
