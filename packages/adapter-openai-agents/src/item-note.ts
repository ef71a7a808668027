import { differenceSchema, withLeftover, withoutLeftover } from "@agentscope-runtime/core/adapter";
import type { Difference } from "@agentscope-runtime/core/adapter";
import type { Message } from "@agentscope-runtime/protocol";
import { z } from "zod";

/** The name under which what is the SDK's own stands in the metadata of our messages. */
const theirs = "openai_agents";

const noteSchema = z.object({
  id: z.string().optional(),
  change: differenceSchema.optional(),
  added: z.literal(true).optional(),
  named: z.literal(true).optional(),
});

const leftoverSchema = z.object({
  change: differenceSchema.optional(),
  part: z.literal(true).optional(),
});

/** What an item cannot say of the message that it was. */
export interface ItemNote {
  readonly id?: string | undefined;
  readonly change?: Difference | undefined;
  /** No message was this: models want an answer for each call. */
  readonly added?: true | undefined;
  /** The message has no name of its tool: the item has that of its call. */
  readonly named?: true | undefined;
}

/** What an item has and our message has no word for. */
export interface Leftover {
  readonly change?: Difference | undefined;
  /** The message before it says the item; this one says the rest of it. */
  readonly part?: true | undefined;
}

export function noteOf(item: object): ItemNote | undefined {
  return "agentscope" in item ? noteSchema.safeParse(item.agentscope).data : undefined;
}

export function leftoverOf({ metadata }: Message): Leftover | undefined {
  const leftover = metadata?.[theirs];
  return leftover === undefined ? undefined : leftoverSchema.safeParse(leftover).data;
}

/** Metadata of ours alone; undefined when nothing is left. */
export function ownMetadata(metadata: unknown): Readonly<Record<string, unknown>> | undefined {
  return withoutLeftover(metadata, theirs);
}

export function addLeftover(metadata: unknown, leftover: Leftover): Readonly<Record<string, unknown>> | undefined {
  return withLeftover(metadata, theirs, leftover);
}
