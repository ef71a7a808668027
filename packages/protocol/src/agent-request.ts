import { z } from "zod";
import { idSchema } from "./id.ts";
import { messageSchema } from "./message.ts";
import { toolSchema } from "./tool.ts";

const maxGraceMs = 24 * 60 * 60 * 1000;
const optionalNumber = z.number().nullable().default(null);
const optionalId = idSchema.nullable().default(null);

/**
 * What happens to the run when its last reader goes away: `cancel` stops the agent, `continue` lets it finish, and
 * `{ grace: ms }` cancels unless a reader comes back in time (up to a day).
 */
export const onDisconnectSchema = z.union([
  z.enum(["cancel", "continue"]),
  z.object({ grace: z.int().positive().max(maxGraceMs) }),
]);

export type OnDisconnect = z.infer<typeof onDisconnectSchema>;

const maxMergeMs = 60_000;

/**
 * What happens to a message for a session that is busy with an earlier run: `reject` answers 409, `enqueue` waits its turn,
 * `interrupt` cancels what runs or waits before it, `rollback` does that too and keeps the canceled runs out of the
 * session's history. `{ merge: ms }` waits for further messages, at least so long after the first and until its turn
 * comes, and answers all of them in one run: they share that run's id (up to a minute).
 */
export const multitaskStrategySchema = z.union([
  z.enum(["reject", "enqueue", "interrupt", "rollback"]),
  z.object({ merge: z.int().nonnegative().max(maxMergeMs) }),
]);

export type MultitaskStrategy = z.infer<typeof multitaskStrategySchema>;

const maxCount = Number.MAX_SAFE_INTEGER;

/** What a run may use up. When one of them is spent the run ends `incomplete` with its name as the reason. */
export const budgetSchema = z.object({
  /** Milliseconds from the moment the agent begins. */
  wall_time: z.int().positive().max(maxCount).optional(),
  /** Input and output tokens of all model calls, as the agent reports them. */
  tokens: z.int().positive().max(maxCount).optional(),
  /** How many tools may be called. */
  tool_calls: z.int().nonnegative().max(maxCount).optional(),
  /** Money, in the unit that the agent reports its costs in. */
  cost: z.number().positive().optional(),
});

export type Budget = z.infer<typeof budgetSchema>;

/** The body of `POST /process`. Fields that are not listed are kept and reach the agent. */
export const agentRequestSchema = z.looseObject({
  /** The conversation's new messages, oldest first. */
  input: z.array(messageSchema),
  /** False asks for one JSON response in place of a stream of events. */
  stream: z.boolean().nullable().default(true),
  /** The run's id, and an idempotency key: the same id again attaches to the same run. A new one is made by default. */
  id: optionalId,
  /** The conversation this belongs to. A new one by default. */
  session_id: optionalId,
  /** Who asks, where the app does not authenticate. The session's id by default. */
  user_id: optionalId,
  on_disconnect: onDisconnectSchema.nullable().default(null),
  multitask_strategy: multitaskStrategySchema.nullable().default(null),
  budget: budgetSchema.nullable().default(null),
  /** The sampling fields reach the agent as they are; the runtime does not read them. */
  model: z.string().nullable().default(null),
  temperature: optionalNumber,
  top_p: optionalNumber,
  frequency_penalty: optionalNumber,
  presence_penalty: optionalNumber,
  max_tokens: z.int().nullable().default(null),
  stop: z
    .union([z.string(), z.array(z.string())])
    .nullable()
    .default(null),
  n: z.int().min(1).max(5).nullable().default(1),
  seed: z.int().nullable().default(null),
  tools: z
    .array(z.union([toolSchema, z.record(z.string(), z.unknown())]))
    .nullable()
    .default(null),
});

/** A request as the agent sees it: every field is there. */
export type AgentRequest = z.output<typeof agentRequestSchema>;
/** A request as a caller writes it: only `input` is needed. */
export type AgentRequestInput = z.input<typeof agentRequestSchema>;
