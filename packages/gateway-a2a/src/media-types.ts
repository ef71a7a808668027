import { a2aError } from "./a2a-error.ts";
import { given } from "./request-schemas.ts";
import type { PartRequest } from "./request-schemas.ts";

/** Throws CONTENT_TYPE_NOT_SUPPORTED for a part whose media type is in none of these ranges, such as `image/*`. */
export function assertModes(parts: readonly PartRequest[], modes: readonly string[]): void {
  for (const { mediaType } of parts) {
    const type = given(mediaType)?.split(";", 1)[0]?.trim().toLowerCase();
    if (type === undefined || modes.some((mode) => isIn(type, mode.toLowerCase()))) continue;
    throw a2aError("CONTENT_TYPE_NOT_SUPPORTED", `${type.slice(0, 100)} is not taken here: send ${modes.join(", ")}.`);
  }
}

function isIn(type: string, range: string): boolean {
  return range === type || range === "*/*" || (range.endsWith("/*") && type.startsWith(range.slice(0, -1)));
}
