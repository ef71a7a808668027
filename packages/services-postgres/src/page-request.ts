import { encodeCursor, parseCursor, parseLimit } from "@agentscope-runtime/services";
import type { CursorScope, Page, PageOptions } from "@agentscope-runtime/services";

/** What every row of a list has: its number in the order of the list. */
export interface Positioned {
  readonly position: number;
}

/** What a caller wants of a list. */
export class PageRequest {
  /** Where the page before ended; undefined for the first page. */
  readonly position: number | undefined;
  /** One more than is given, to know whether there is more. */
  readonly rowLimit: number;
  readonly #scope: CursorScope;

  constructor(scope: CursorScope, { limit, cursor }: PageOptions = {}) {
    this.rowLimit = parseLimit(limit) + 1;
    this.position = cursor === undefined ? undefined : Number(parseCursor(scope, cursor));
    this.#scope = scope;
  }

  /** The page of rows that were read with `position` and `rowLimit`. */
  toPage<TRow extends Positioned, T>(rows: readonly TRow[], toItem: (row: TRow) => T): Page<T> {
    const items = rows.slice(0, this.rowLimit - 1);
    const last = items.at(-1);
    const more = rows.length === this.rowLimit && last !== undefined;
    return {
      items: items.map(toItem),
      cursor: more ? encodeCursor(this.#scope, String(last.position)) : undefined,
    };
  }
}
