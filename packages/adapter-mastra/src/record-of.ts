import { messageSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { SessionHistoryService, SessionKey, SessionRecord } from "@agentscope-runtime/services";

/** What is known of a session, which begins here where there is none: with a message that says nothing. */
export async function recordOf(sessions: SessionHistoryService, key: SessionKey): Promise<SessionRecord> {
  const record = await sessions.get(key);
  if (record !== undefined) return record;
  await sessions.append(key, [messageSchema.parse({ type: "heartbeat" })]);
  const begun = await sessions.get(key);
  if (begun !== undefined) return begun;
  throw new RuntimeError("conflict", "The session was deleted as it began.");
}
