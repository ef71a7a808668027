import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { SessionHistoryService, SessionKey } from "@agentscope-runtime/services";
import type { MastraDBMessage } from "@mastra/core/agent";
import { safeStringify } from "@mastra/core/utils/safe-stringify";

/** What an entry of the log is. */
type Entry =
  /** `first`: nothing was there under this id before. */
  | { readonly message: MastraDBMessage; readonly first: boolean }
  /** These are gone, as they stood before. */
  | { readonly deleted: readonly string[] };

const key = "mastra";

/** A message as an entry of a session: its text for whoever reads the session, and all of it for Mastra. */
export function savedEntry(message: MastraDBMessage, first: boolean): Message {
  const { role, content } = message;
  const texts = content.parts.flatMap((part) => (part.type === "text" && part.text !== "" ? [part.text] : []));
  return messageSchema.parse({
    role: role === "signal" ? "system" : role,
    content: texts.map((text) => ({ type: "text", text })),
    metadata: { [key]: { message: JSON.parse(safeStringify(message)) as unknown, first } },
  });
}

export function deletedEntry(deleted: readonly string[]): Message {
  return messageSchema.parse({ type: "heartbeat", metadata: { [key]: { deleted } } });
}

/**
 * The messages of a thread, newest first, by when each was first saved. Of a message that was saved again, the last version. Whoever
 * stops early has read no more than it took.
 */
export async function* newestFirst(
  sessions: SessionHistoryService,
  session: SessionKey,
): AsyncGenerator<MastraDBMessage> {
  /** Newer versions of messages whose first one has yet to come. */
  const newer = new Map<string, MastraDBMessage>();
  /** Told, or deleted before they were told. */
  const over = new Set<string>();
  for await (const entry of entriesBackwards(sessions, session)) {
    if ("deleted" in entry) {
      for (const id of entry.deleted) if (!newer.has(id)) over.add(id);
      continue;
    }
    const { message, first } = entry;
    if (over.has(message.id)) continue;
    const latest = newer.get(message.id) ?? message;
    if (first) {
      newer.delete(message.id);
      over.add(message.id);
      yield latest;
    } else newer.set(message.id, latest);
  }
}

async function* entriesBackwards(sessions: SessionHistoryService, session: SessionKey): AsyncGenerator<Entry> {
  for (let cursor: string | undefined; ;) {
    const page = await sessions.read(session, { limit: 50, ...(cursor !== undefined && { cursor }) });
    for (const message of page.items.toReversed()) {
      const entry = entryOf(message);
      if (entry !== undefined) yield entry;
    }
    if (page.cursor === undefined) return;
    cursor = page.cursor;
  }
}

function entryOf({ metadata }: Message): Entry | undefined {
  // Only this file writes there.
  const entry = metadata?.[key] as Entry | undefined;
  if (entry === undefined || "deleted" in entry) return entry;
  return { ...entry, message: { ...entry.message, createdAt: new Date(entry.message.createdAt) } };
}
