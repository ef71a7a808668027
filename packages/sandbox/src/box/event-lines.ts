import type { HttpReply } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ErrorInfo } from "@agentscope-runtime/protocol";

const encoder = new TextEncoder();

/**
 * Events as lines of JSON. What fails before the first one is thrown, so that it becomes an error's reply; what fails later is
 * the last line.
 */
export async function eventLines(
  events: AsyncIterable<object>,
  signal: AbortSignal,
  toErrorEvent: (error: ErrorInfo) => object,
): Promise<HttpReply> {
  const iterator = events[Symbol.asyncIterator]();
  const first = await iterator.next();
  endWith(iterator, signal);
  return { status: 200, body: { bytes: lines(), contentType: "application/x-ndjson" } };

  async function* lines(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) yield toLine(next.value);
    } catch (thrown) {
      yield toLine(toErrorEvent(RuntimeError.from(thrown).toJSON()));
    } finally {
      await iterator.return?.();
    }
  }
}

/** The reply of a caller that has gone is never read, not even its first line: what gives the lines has to end all the same. */
export function endWith(iterator: AsyncIterator<unknown>, signal: AbortSignal): void {
  const end = (): void => void iterator.return?.().catch(() => undefined);
  if (signal.aborted) end();
  else signal.addEventListener("abort", end, { once: true });
}

function toLine(event: object): Uint8Array {
  return encoder.encode(`${JSON.stringify(event)}\n`);
}
