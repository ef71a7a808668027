import type { IncomingMessage } from "node:http";
import { RuntimeError } from "@agentscope-runtime/protocol";

/**
 * All of a request's body. `payload_too_large` above the limit: what still comes is read and thrown away by Node, so that
 * the refusal reaches the caller.
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer): void => {
    size += chunk.length;
    if (size <= maxBytes) chunks.push(chunk);
    else reject(tooLarge(maxBytes));
  };
  const onEnd = (): void => {
    resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
  };
  const onClose = (): void => {
    // Every request closes; only one that was cut off needs an error.
    if (!request.complete) reject(new RuntimeError("canceled", "The caller hung up."));
  };
  request.on("data", onData).on("end", onEnd).on("close", onClose).on("error", reject);
  try {
    return await promise;
  } finally {
    request.off("data", onData).off("end", onEnd).off("close", onClose).off("error", reject);
  }
}

/** A request's body as it comes; a slow reader makes the caller wait. Errors as with `readBody`. */
export async function* readPieces(
  request: IncomingMessage,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  let size = 0;
  try {
    // Leaving the loop must not cut the connection, over which the refusal goes back.
    for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      yield piece;
    }
  } catch (thrown) {
    throw request.destroyed && !request.complete ? new RuntimeError("canceled", "The caller hung up.") : thrown;
  } finally {
    request.resume();
  }
}

function tooLarge(maxBytes: number): RuntimeError {
  return new RuntimeError("payload_too_large", `The body is larger than ${maxBytes} bytes.`, {
    details: { field: "body", maxBytes },
  });
}
