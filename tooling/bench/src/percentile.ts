/** The smallest value that at least this share of the values does not exceed. `share` is 0 to 1. NaN of nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle value, or what lies between the two middle ones. NaN of nothing. */
export function median(values: readonly number[]): number {
  return (
    (percentile(values, 0.5) -
      percentile(
        values.map((value) => -value),
        0.5,
      )) /
    2
  );
}

/** The median of each field. */
export function mediansOf<T extends Readonly<Record<keyof T, number>>>(records: readonly T[]): T {
  const [first] = records;
  if (first === undefined) throw new RangeError("There is nothing to take the median of.");
  const fields = Object.keys(first) as (keyof T)[]; // An object literal of ours has no other keys.
  return Object.fromEntries(fields.map((field) => [field, median(records.map((record) => record[field]))])) as T;
}
