/** An entry of a Redis stream. Its id is a number of ours and `-0`. */
export interface StreamEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string | undefined>>;
}

/** What XRANGE and XREVRANGE reply. */
export function toEntries(reply: unknown): StreamEntry[] {
  const entries = reply as readonly (readonly [id: string, fields: readonly string[]])[]; // By the protocol of Redis.
  return entries.map(([id, list]) => {
    const fields: Record<string, string | undefined> = {};
    for (let at = 0; at < list.length; at += 2) fields[list[at] ?? ""] = list[at + 1];
    return { id, fields };
  });
}

export function numberOf(id: string): number {
  return Number(id.slice(0, id.indexOf("-")));
}
