import { RuntimeError } from "@agentscope-runtime/protocol";

/** A text, or its pieces as they come: strings, or bytes of UTF-8, such as the body of a `fetch`. */
export type TextSource = string | Uint8Array | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/**
 * Turns text into what a query handler yields, for agents that say nothing but text: a string, a generator of strings, a
 * `ReadableStream`, the output of a process. A character that is cut between two pieces of bytes stays whole.
 *
 * Leaving the loop early ends the source. What it throws passes as it is; a piece that is no text is `internal`.
 *
 * @example
 * ```ts
 * query: async (request, { signal }) => fromText((await fetch(url, { signal })).body ?? "")
 * ```
 */
export async function* fromText(source: TextSource | PromiseLike<TextSource>): AsyncGenerator<string> {
  const text = await source;
  const decoder = new TextDecoder();
  // A string is iterable too, by characters, and bytes by numbers.
  const pieces = typeof text === "string" || text instanceof Uint8Array ? [text] : text;
  for await (const piece of pieces) {
    const part =
      typeof piece === "string" ? decoder.decode() + piece : decoder.decode(bytesOf(piece), { stream: true });
    if (part !== "") yield part;
  }
  const rest = decoder.decode();
  if (rest !== "") yield rest;
}

/** Agents are written by people, many in plain JavaScript. By shape: bytes of another realm fail `instanceof`. */
function bytesOf(piece: unknown): Uint8Array {
  if (ArrayBuffer.isView(piece)) return new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
  throw new RuntimeError(
    "internal",
    `The agent's text has a piece that is no text: ${piece === null ? "null" : typeof piece}.`,
  );
}
