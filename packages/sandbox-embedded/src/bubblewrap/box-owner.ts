import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";

/** Who the processes of a box are, as the host sees it. */
export interface BoxOwner {
  readonly uid: number;
  readonly gid: number;
}

const first = 1_000_000_000;
const count = 1_048_576;
const nobody = 65_534;

/**
 * For boxes of a root: a user that nothing on the host belongs to, another one for each box. Undefined for anybody else, whose boxes
 * are that user's.
 */
export function newBoxOwner(): BoxOwner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = hasUsers(first + count) ? first + randomInt(count) : nobody;
  return { uid: id, gid: id };
}

/** In a container there may be fewer. */
function hasUsers(last: number): boolean {
  const [inside = 0, , length = 0] = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/).map(Number);
  return inside === 0 && length > last;
}
