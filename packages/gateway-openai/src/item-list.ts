import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";

const mostItems = 100;
const defaultItems = 20;

/** The query parameters of a list of items. */
export const listQueryFields = {
  limit: z.coerce.number().int().min(1).max(mostItems).default(defaultItems),
  order: z.enum(["asc", "desc"]).default("desc"),
  /** The id of the item before the first one that is wanted. */
  after: z.string().optional(),
};

export interface ListQuery {
  readonly limit: number;
  readonly order: "asc" | "desc";
  readonly after?: string | undefined;
}

/** For the OpenAPI document. */
export const listSchema = z.object({
  object: z.literal("list"),
  data: z.array(z.looseObject({ type: z.string() })),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
  has_more: z.boolean(),
});

/** One page of items that are given oldest first. */
export function pageOfItems(
  items: readonly object[],
  { limit, order, after }: ListQuery,
): { readonly data: readonly object[]; readonly [field: string]: unknown } {
  const ordered = order === "asc" ? items : items.toReversed();
  const start = after === undefined ? 0 : ordered.findIndex((item) => idOf(item) === after) + 1;
  if (after !== undefined && start === 0) {
    throw new RuntimeError("invalid_argument", `Invalid query: after: there is no item '${after}'.`, {
      details: { field: "after" },
    });
  }
  const data = ordered.slice(start, start + limit);
  const [first, last] = [data[0], data.at(-1)].map((item) => (item === undefined ? null : idOf(item)));
  return { object: "list", data, first_id: first, last_id: last, has_more: start + limit < ordered.length };
}

function idOf(item: object): unknown {
  return "id" in item ? item.id : null;
}
