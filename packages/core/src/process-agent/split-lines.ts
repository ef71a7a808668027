import { RuntimeError } from "@agentscope-runtime/protocol";

const newline = 10;

/**
 * The lines of a stream of bytes, without their ends, however it was cut. A line that is longer is `resource_exhausted`, as soon
 * as it is; nothing more than one line and one chunk is kept.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>, maxLineBytes: number): AsyncGenerator<Buffer> {
  let pieces: Uint8Array[] = [];
  let length = 0;
  const keep = (piece: Uint8Array): void => {
    pieces.push(piece);
    length += piece.length;
    if (length > maxLineBytes) {
      throw new RuntimeError("resource_exhausted", `A line is longer than ${maxLineBytes} bytes.`);
    }
  };
  const take = (): Buffer => {
    const line = Buffer.concat(pieces);
    pieces = [];
    length = 0;
    return line;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
  }
  if (length > 0) yield take();
}
