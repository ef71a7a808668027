import { messageSchema } from "@agentscope-runtime/protocol";
import type { SessionHistoryService, SessionKey, SessionRecord } from "@agentscope-runtime/services";

/** What is known of a session, which begins here where there is none: with a message that says nothing. */
export async function recordOf(sessions: SessionHistoryService, key: SessionKey): Promise<SessionRecord | undefined> {
  const record = await sessions.get(key);
  if (record !== undefined) return record;
  await sessions.append(key, [messageSchema.parse({ type: "heartbeat" })]);
  return sessions.get(key);
}
