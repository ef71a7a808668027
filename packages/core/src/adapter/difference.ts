import { z } from "zod";
import { isObject } from "./is-object.ts";

/**
 * What has to change in one JSON value to make another of it. An adapter keeps one where a framework's message and ours do not say the
 * same, so that the one makes the other again, and what was changed since still counts.
 */
export type Difference =
  | { readonly value: unknown }
  | { readonly fields: Readonly<Record<string, Difference>>; readonly without?: readonly string[] | undefined }
  | { readonly items: Readonly<Record<string, Difference>> };

/** What a `Difference` looks like when it comes back from somebody else. */
export const differenceSchema: z.ZodType<Difference> = z.lazy(() =>
  z.union([
    z.strictObject({ fields: z.record(z.string(), differenceSchema), without: z.array(z.string()).optional() }),
    z.strictObject({ items: z.record(z.string(), differenceSchema) }),
    z.strictObject({ value: z.unknown() }),
  ]),
);

/** What makes `wanted` of `made`; undefined when they say the same. A field that is undefined is not there. */
export function differenceOf(made: unknown, wanted: unknown): Difference | undefined {
  if (Object.is(made, wanted)) return undefined;
  if (Array.isArray(made) && Array.isArray(wanted)) {
    if (made.length !== wanted.length) return { value: wanted };
    const items = compact(wanted.map((item, index) => [String(index), differenceOf(made[index], item)]));
    return items === undefined ? undefined : { items };
  }
  if (isObject(made) && isObject(wanted)) {
    const names = Object.keys(wanted).filter((name) => wanted[name] !== undefined);
    const fields = compact(names.map((name) => [name, differenceOf(made[name], wanted[name])]));
    const without = Object.keys(made).filter((name) => made[name] !== undefined && wanted[name] === undefined);
    if (without.length > 0) return { fields: fields ?? {}, without };
    return fields === undefined ? undefined : { fields };
  }
  return { value: wanted };
}

/** Makes the other value again. What does not fit any more changes nothing. */
export function applyDifference(made: unknown, difference: Difference | undefined): unknown {
  if (difference === undefined) return made;
  if ("value" in difference) return difference.value;
  if ("items" in difference) {
    if (!Array.isArray(made)) return made;
    return made.map((item: unknown, index) => applyDifference(item, own(difference.items, String(index))));
  }
  if (!isObject(made)) return made;
  const { fields, without = [] } = difference;
  const changed = Object.entries(fields).map(([name, change]) => [name, applyDifference(own(made, name), change)]);
  const kept = Object.entries(made).filter(([name]) => !without.includes(name));
  return Object.fromEntries([...kept, ...changed]);
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function compact(
  entries: readonly (readonly [string, Difference | undefined])[],
): Readonly<Record<string, Difference>> | undefined {
  const known = entries.filter((entry): entry is [string, Difference] => entry[1] !== undefined);
  return known.length === 0 ? undefined : Object.fromEntries(known);
}
