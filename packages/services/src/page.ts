import type { CallOptions } from "./call-options.ts";

export interface PageOptions extends CallOptions {
  /** How many at the most, 1 to 1,000; anything else is `invalid_argument`. Default 50. */
  readonly limit?: number | undefined;
  /** Where to go on: the `cursor` of the page before. Anything else is `invalid_argument`. */
  readonly cursor?: string | undefined;
}

/** A part of a list. Its cost does not grow with the list's length. Nothing is given twice, also while the list changes. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Hand it back for what follows; undefined when there is no more. */
  readonly cursor: string | undefined;
}
