import type { Page } from "@agentscope-runtime/services";
import { z } from "zod";
import type { HttpReply } from "./http.ts";

/** The query parameters of every list. */
export const pageFields = {
  limit: z.coerce.number().int().min(1).max(1000).optional(),
  cursor: z.string().max(1000).optional(),
};

export function pageReplySchema(item: z.ZodType): z.ZodType {
  return z.object({ object: z.literal("list"), data: z.array(item), next_cursor: z.string().nullable() });
}

/** A page as JSON: `{ object: "list", data, next_cursor }`; the cursor is null on the last one. */
export function pageReply<T>({ items, cursor }: Page<T>, toJson: (item: T) => unknown): HttpReply {
  return { status: 200, body: { json: { object: "list", data: items.map(toJson), next_cursor: cursor ?? null } } };
}
