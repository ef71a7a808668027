import { isUtf8 } from "node:buffer";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { HttpRequest } from "./http.ts";

/**
 * A whole body as JSON; undefined when it is empty. For those who bring a framework's request to `HttpRequest`. Throws
 * `invalid_argument` when it is not JSON, or does not say so: a web page of another origin may post other types without
 * asking first.
 */
export function parseJsonBody(headers: HttpRequest["headers"], body: Buffer): unknown {
  if (body.length === 0) return undefined;
  if (!/^application\/([^;]+\+)?json\b/i.test(headers["content-type"] ?? "")) {
    throw new RuntimeError("invalid_argument", "Send the body as JSON, with content-type: application/json.", {
      details: { field: "content-type" },
    });
  }
  if (!isUtf8(body)) throw notJson();
  try {
    return JSON.parse(body.toString());
  } catch (cause) {
    throw notJson(cause);
  }
}

function notJson(cause?: unknown): RuntimeError {
  return new RuntimeError("invalid_argument", "The body is not JSON in UTF-8.", { cause, details: { field: "body" } });
}
