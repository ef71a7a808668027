import { RuntimeError } from "@agentscope-runtime/protocol";

/**
 * The JSON text of a value that JSON can hold as it is; `invalid_argument` with the `path` of what it cannot hold: NaN,
 * a bigint, a function, undefined in a list, a date, a map, any object of a class, a value that contains itself. A
 * property that is undefined counts as left out.
 */
export function toJsonText(value: unknown, what: string): string {
  let path: string | undefined = "";
  let cause: unknown;
  try {
    const text = JSON.stringify(value) as string | undefined; // Undefined for what has no JSON at all.
    path = pathOfFlaw(value, "");
    if (text !== undefined && path === undefined) return text;
  } catch (thrown) {
    cause = thrown; // A bigint, a value that contains itself, or one that is nested too deeply.
  }
  const at = path === undefined || path === "" ? "" : `, because of ${path}`;
  throw new RuntimeError("invalid_argument", `JSON cannot hold this ${what}${at}.`, {
    details: { path: path ?? "" },
    cause,
  });
}

/** Where the first thing stands that JSON would change or drop. */
function pathOfFlaw(value: unknown, path: string): string | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : path;
  return typeof value === "object" ? pathOfFlawInside(value, path) : path;
}

function pathOfFlawInside(value: object, path: string): string | undefined {
  if (!Array.isArray(value) && !isPlain(value)) return path;
  const entries: Iterable<[number | string, unknown]> = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, inner] of entries) {
    if (inner === undefined && !Array.isArray(value)) continue;
    const flaw = pathOfFlaw(inner, path === "" ? String(key) : `${path}.${key}`);
    if (flaw !== undefined) return flaw;
  }
  return undefined;
}

/** By the length of the prototype chain: an object literal of another realm has another `Object.prototype`. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
