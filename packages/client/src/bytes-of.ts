import { RuntimeError } from "@agentscope-runtime/protocol";
import { Transient } from "./transient.ts";

/** The part of a body's reader that is used here; its chunks are bytes, though not every type says so. */
interface ByteReader {
  read(): Promise<{ readonly done: false; readonly value: Uint8Array } | { readonly done: true }>;
  cancel(): Promise<void>;
}

/** The chunks of a reply's body. Leaving the loop early hangs up. A connection that breaks is a `Transient`. */
export async function* bytesOf(
  { body }: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (body === null) return;
  // Not every browser can iterate over a stream.
  const reader = body.getReader() as ByteReader;
  try {
    for (;;) {
      const chunk = await reader.read();
      if (chunk.done) return;
      yield chunk.value;
    }
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Transient(new RuntimeError("unavailable", "The connection to the server broke.", { cause }));
  } finally {
    // A stream that broke rejects with what broke it.
    await reader.cancel().catch(() => undefined);
  }
}
