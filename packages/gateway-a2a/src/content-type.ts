import type { HttpRequest } from "@agentscope-runtime/core";
import { a2aError } from "./a2a-error.ts";

/** Throws CONTENT_TYPE_NOT_SUPPORTED for a body that says that it is no JSON. */
export function assertContentType(headers: HttpRequest["headers"]): void {
  const type = headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === undefined || /^application\/([^;]+\+)?json$/.test(type)) return;
  throw a2aError("CONTENT_TYPE_NOT_SUPPORTED", "Send the body as JSON, with content-type: application/json.");
}
