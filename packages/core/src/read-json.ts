import { RuntimeError } from "@agentscope-runtime/protocol";
import type { HttpRequest } from "./http.ts";

/** A request's body as JSON, read from its chunks: for those who bring a framework's request to `HttpRequest`. */
export async function readJson(
  headers: HttpRequest["headers"],
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<unknown> {
  if (Number(headers["content-length"] ?? 0) > maxBytes) throw bodyTooLarge(maxBytes);
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > maxBytes) throw bodyTooLarge(maxBytes);
    parts.push(chunk);
  }
  if (size === 0) return undefined;
  // A web page of another origin may post other types without asking first.
  if (!/^application\/([^;]+\+)?json\b/i.test(headers["content-type"] ?? "")) {
    throw new RuntimeError("invalid_argument", "Send the body as JSON, with content-type: application/json.", {
      details: { field: "content-type" },
    });
  }
  return parseJson(parts);
}

function bodyTooLarge(maxBytes: number): RuntimeError {
  return new RuntimeError("payload_too_large", `The body is larger than ${maxBytes} bytes.`, {
    details: { field: "body", maxBytes },
  });
}

function parseJson(parts: readonly Uint8Array[]): unknown {
  const [only] = parts;
  const bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new RuntimeError("invalid_argument", "The body is not JSON in UTF-8.", { cause, details: { field: "body" } });
  }
}
