import { encodeCursor, parseCursor } from "./cursor.ts";
import type { CursorScope } from "./cursor.ts";
import type { Page, PageOptions } from "./page.ts";
import { parseLimit } from "./parse-limit.ts";

/** An entry and its number. Numbers grow with time and stay with their entry, so a cursor that is one stays right. */
export type Numbered<T> = readonly [number: number, entry: T];

export interface PageSource<T, TItem> {
  readonly scope: CursorScope;
  /** The entries whose numbers are below `before`, newest first. Only as many are taken as the page needs. */
  readonly newest: (before: number) => Iterable<Numbered<T>>;
  readonly toItem: (entry: T, number: number) => TItem;
}

/** The page of a list that is kept in memory, newest first. */
export function pageOf<T, TItem>(
  { scope, newest, toItem }: PageSource<T, TItem>,
  { limit, cursor }: PageOptions = {},
): Page<TItem> {
  const most = parseLimit(limit);
  const before = cursor === undefined ? Infinity : Number(parseCursor(scope, cursor));
  const items: TItem[] = [];
  let last = before;
  for (const [number, entry] of newest(before)) {
    if (items.length === most) return { items, cursor: encodeCursor(scope, String(last)) };
    items.push(toItem(entry, number));
    last = number;
  }
  return { items, cursor: undefined };
}

/** The entries of a list that only grows, under their indexes. */
export function* newestFirst<T extends object | string>(list: readonly T[], before: number): Generator<Numbered<T>> {
  for (let index = Math.min(before, list.length) - 1; index >= 0; index--) {
    const entry = list[index];
    if (entry !== undefined) yield [index, entry];
  }
}
