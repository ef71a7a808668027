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
