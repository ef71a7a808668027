import { z } from "zod";

/** What the workload agent is told to do, as the JSON text of its one user message. */
const orderSchema = z.strictObject({
  /** How many pieces of text to yield. */
  tokens: z.int().min(0).max(1_000_000).default(200),
  /** How long to wait before each of them; 0 does not wait at all. */
  intervalMs: z.number().min(0).max(600_000).default(0),
  /** How many tools to call before the text. */
  toolCalls: z.int().min(0).max(1_000).default(0),
  /** How many pieces of reasoning to yield before that. */
  reasoning: z.int().min(0).max(1_000_000).default(0),
  /** Fail after this many pieces of text; null does not. */
  failAfter: z.int().min(0).nullable().default(null),
  /** Each piece. */
  text: z.string().min(1).max(1_000_000).default("tok "),
});

export type Order = z.infer<typeof orderSchema>;

/** The order in a text, or undefined when it is not one: such a text is echoed. */
export function orderFrom(text: string): Order | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return orderSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
