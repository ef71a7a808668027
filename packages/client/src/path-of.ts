import { RuntimeError } from "@agentscope-runtime/protocol";

/** A URL path of these parts, each encoded. `invalid_argument` for a part that cannot be one. */
export function pathOf(...parts: readonly string[]): string {
  return parts.map((part) => `/${encoded(part)}`).join("");
}

function encoded(part: string): string {
  // A URL takes dots for steps of its path, and an id of dots would lead to another route.
  if (part === "" || part === "." || part === ".." || !part.isWellFormed()) {
    throw new RuntimeError("invalid_argument", `Invalid id: ${JSON.stringify(part)} cannot be part of a URL.`);
  }
  return encodeURIComponent(part);
}
