import { idSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { RequestId } from "@modelcontextprotocol/server";
import { z } from "zod";

/** What must be known to tell the rest of a call's stream, on any replica: it travels in the ids of the stream's events. */
export interface StreamPlace {
  readonly requestId: RequestId;
  /** Null when the client wants no progress. */
  readonly progressToken: RequestId | null;
  readonly runId: string;
  /** How many events the runs before this one had, in a call that goes on after a question. */
  readonly before: number;
}

const token = z.union([z.string().max(1_000), z.int()]);
const placeSchema = z.tuple([token, token.nullable(), idSchema, z.int().nonnegative()]);

/** What all ids of a run's events begin with. */
export function eventIdPrefix({ requestId, progressToken, runId, before }: StreamPlace): string {
  return `${Buffer.from(JSON.stringify([requestId, progressToken, runId, before])).toString("base64url")}.`;
}

/** The place, and the last event that the client has. `invalid_argument` for what was never an id of ours. */
export function parseEventId(id: string): { readonly place: StreamPlace; readonly after: number } {
  const [, text, number] = /^([\w-]{1,4000})\.(-1|\d{1,12})$/.exec(id) ?? [];
  try {
    const [requestId, progressToken, runId, before] = placeSchema.parse(
      JSON.parse(Buffer.from(text ?? "", "base64url").toString()),
    );
    return { place: { requestId, progressToken, runId, before }, after: Number(number) };
  } catch (cause) {
    const message = "Invalid Last-Event-ID: send the id of an event of this server's.";
    throw new RuntimeError("invalid_argument", message, { cause, details: { field: "last-event-id" } });
  }
}
