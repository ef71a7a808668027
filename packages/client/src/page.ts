import { z } from "zod";
import type { CallOptions } from "./call-options.ts";

export interface PageOptions extends CallOptions {
  /** How many at the most, 1 to 1,000. Default 50. */
  readonly limit?: number | undefined;
  /** Where to go on: the `cursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** A part of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Hand it back for what follows; undefined when there is no more. */
  readonly cursor: string | undefined;
}

export function pageSchema<S extends z.ZodType>(item: S): z.ZodType<Page<z.output<S>>> {
  return z
    .object({ data: z.array(item), next_cursor: z.string().nullable() })
    .transform(({ data, next_cursor }) => ({ items: data, cursor: next_cursor ?? undefined }));
}
