import { RuntimeError } from "@agentscope-runtime/protocol";

const newline = 10;

/** The lines of a stream of UTF-8, without their ends; what has no end is one, too. `payload_too_large` when one is longer than it may be. */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<string, void, undefined> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const piece of pieces) {
    let from = 0;
    for (let end = piece.indexOf(newline); end !== -1; end = piece.indexOf(newline, from)) {
      waiting.push(piece.subarray(from, end));
      yield Buffer.concat(waiting).toString();
      waiting = [];
      size = 0;
      from = end + 1;
    }
    if (from === piece.length) continue;
    waiting.push(piece.subarray(from));
    size += piece.length - from;
    if (size > maxBytes) {
      throw new RuntimeError("payload_too_large", `A line is longer than ${maxBytes} bytes.`, {
        details: { maxBytes },
      });
    }
  }
  if (size > 0) yield Buffer.concat(waiting).toString();
}
