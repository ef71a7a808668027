import { z } from "zod";
import { agentResponseSchema } from "./agent-response.ts";
import { contentSchema } from "./content.ts";
import { messageSchema } from "./message.ts";

/** Everything a run can tell its caller. Switch on `object`, then, for a content, on `type`. */
export const agentEventSchema = z.discriminatedUnion("object", [agentResponseSchema, messageSchema, contentSchema]);

export type AgentEvent = z.output<typeof agentEventSchema>;

/** Put this in a `default:` branch; a new kind then fails to compile. */
export function unreachable(value: never): never {
  throw new TypeError(`Unhandled value: ${JSON.stringify(value)}`);
}
