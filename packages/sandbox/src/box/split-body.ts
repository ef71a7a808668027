import { RuntimeError } from "@agentscope-runtime/protocol";

const newline = 10;
/** More than the longest command that a system takes. */
const maxHeadBytes = 8 * 1024 * 1024;

export interface SplitBody {
  /** Its first line, as JSON. */
  readonly head: unknown;
  /** What follows it. */
  readonly rest: AsyncIterable<Uint8Array>;
}

/** Takes a body apart that is a line of JSON and then bytes. */
export async function splitBody(body: AsyncIterable<Uint8Array>): Promise<SplitBody> {
  const iterator = body[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next: IteratorResult<Uint8Array, unknown> = await iterator.next();
    if (next.done === true) return { head: parseHead(pieces), rest: follow(iterator, new Uint8Array()) };
    const end = next.value.indexOf(newline);
    const piece = end === -1 ? next.value : next.value.subarray(0, end);
    pieces.push(piece);
    size += piece.length;
    if (size > maxHeadBytes) {
      throw new RuntimeError("payload_too_large", `The command is longer than ${maxHeadBytes} bytes.`);
    }
    if (end !== -1) return { head: parseHead(pieces), rest: follow(iterator, next.value.subarray(end + 1)) };
  }
}

async function* follow(
  iterator: AsyncIterator<Uint8Array>,
  first: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (first.length > 0) yield first;
  yield* { [Symbol.asyncIterator]: () => iterator };
}

function parseHead(pieces: readonly Uint8Array[]): unknown {
  try {
    return JSON.parse(Buffer.concat(pieces).toString());
  } catch (cause) {
    throw new RuntimeError("invalid_argument", "Invalid body: its first line is not JSON.", { cause });
  }
}
