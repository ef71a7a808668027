import { RuntimeError } from "@agentscope-runtime/protocol";
import { sha256 } from "./sha256.ts";

/** What makes a list that list and no other: its kind, its owner, its filters. Undefined differs from every text. */
export type CursorScope = readonly (string | undefined)[];

/**
 * An opaque text for a position in a list. It carries a checksum over both, so that one that was cut, made up or taken
 * from another list is told apart; it is not a secret, and whoever forges one only pages through his own list.
 */
export function encodeCursor(scope: CursorScope, position: string): string {
  const checksum = sha256(JSON.stringify([scope, position]));
  return `${Buffer.from(position).toString("base64url")}.${checksum.slice(0, checksumLength)}`;
}

/** The position in a cursor of this list; `invalid_argument` for anything else. */
export function parseCursor(scope: CursorScope, cursor: string): string {
  const position = Buffer.from(cursor.slice(0, -checksumLength - 1), "base64url").toString();
  if (encodeCursor(scope, position) === cursor) return position;
  throw new RuntimeError("invalid_argument", "The cursor is not of this list.", { details: { path: "cursor" } });
}

const checksumLength = 16;
