import { messageTypeSchema, roleSchema } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { AgentScopeJson } from "./agentscope-message.ts";

/** Under this key of a `Msg`'s metadata stands what its blocks cannot say. The framework keeps metadata as it is. */
const carriedKey = "agentscope_runtime";

const hintSchema = z.record(z.string(), z.unknown());
const carriedMessageSchema = z.object({
  id: z.string(),
  type: messageTypeSchema,
  role: roleSchema.nullable(),
  metadata: z.record(z.string(), z.unknown()).nullable(),
  /** By `keyOf`, in order: the blocks that the message became. */
  blocks: z.array(z.tuple([z.string(), hintSchema])),
});
const carriedSchema = z.object({
  messages: z.array(carriedMessageSchema),
  /** Blocks that no message was: the framework wants a result for every call. */
  added: z.array(z.string()),
});

/** What a block cannot say about the part that it was, such as whether an address was a `file_url`. */
export type BlockHint = Readonly<Record<string, unknown>>;
/** Which of our messages a `Msg` holds. */
export type Carried = z.infer<typeof carriedSchema>;
export type CarriedMessage = z.infer<typeof carriedMessageSchema>;

/** Calls and results share their ids. */
export function keyOf({ type, id }: { readonly type: string; readonly id: string }): string {
  return `${type}:${id}`;
}

export function carriedIn(metadata: Readonly<Record<string, unknown>>): Carried | undefined {
  return carriedSchema.safeParse(metadata[carriedKey]).data;
}

export function withCarried(carried: Carried): Record<string, AgentScopeJson> {
  // Everything in it came as JSON.
  return { [carriedKey]: carried as unknown as AgentScopeJson };
}

/** The metadata that is not ours. */
export function withoutCarried(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> | null {
  const { [carriedKey]: _, ...rest } = metadata;
  return Object.keys(rest).length === 0 ? null : rest;
}
