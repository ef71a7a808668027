/** The value of a JSON text; undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A value as it would come back from JSON; undefined when it cannot go there. */
export function asJson(value: unknown): unknown {
  try {
    const text = JSON.stringify(value) as string | undefined; // Undefined for functions and undefined.
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
