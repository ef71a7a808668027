/** JSON whose text does not depend on the order in which an object's keys were written. */
export function canonicalJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  }) as string | undefined; // Undefined for undefined and functions.
  return text ?? "null";
}
