import { isObject } from "./is-object.ts";

type Metadata = Readonly<Record<string, unknown>>;

/**
 * Metadata without what stands there under a framework's name: the leftover, what a message of the framework's had and ours has no
 * word for. Undefined when nothing else is there.
 */
export function withoutLeftover(metadata: unknown, framework: string): Metadata | undefined {
  if (!isObject(metadata)) return undefined;
  if (!Object.hasOwn(metadata, framework)) return metadata;
  const rest = Object.entries(metadata).filter(([name]) => name !== framework);
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

/** Metadata with a leftover under the framework's name, in the place of one that was there. An empty one is none. */
export function withLeftover(metadata: unknown, framework: string, leftover: object): Metadata | undefined {
  const known = Object.entries(leftover).filter(([, value]) => value !== undefined);
  const own = withoutLeftover(metadata, framework);
  return known.length === 0 ? own : { ...own, [framework]: Object.fromEntries(known) };
}
