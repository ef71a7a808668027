type Flags = Readonly<Record<string, string | boolean | undefined>>;

/** A positive number, or the default. Throws a sentence that names the flag. */
export function numberFlag(flags: Flags, name: string, otherwise: number): number {
  const [number = otherwise] = numbersFlag(flags, name, [otherwise]);
  return number;
}

/** Positive numbers with commas between them, or the default. Throws as `numberFlag` does. */
export function numbersFlag(flags: Flags, name: string, otherwise: readonly number[]): readonly number[] {
  const flag = flags[name];
  if (flag === undefined) return otherwise;
  const numbers = String(flag).split(",").map(Number);
  if (numbers.every((number) => number > 0 && Number.isFinite(number))) return numbers;
  throw new Error(`--${name} takes positive numbers, not ${flag}.`);
}
