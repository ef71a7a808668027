import { messageSchema, newMessageId } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { SessionHistoryService, SessionKey } from "@agentscope-runtime/services";
import type { AgentItem } from "./agent-item.ts";
import { fromAgentInputItems } from "./from-agent-input-items.ts";
import { toItem } from "./to-item.ts";

export interface OpenAIAgentsSessionOptions {
  readonly sessions: SessionHistoryService;
  readonly userId: string;
  /** Not that of a session that the app itself keeps: it writes each run's messages into it already. */
  readonly sessionId: string;
}

/** The `Session` of the OpenAI Agents SDK. */
export interface OpenAIAgentsSession {
  getSessionId(): Promise<string>;
  getItems(limit?: number): Promise<AgentItem[]>;
  addItems(items: readonly object[]): Promise<void>;
  popItem(): Promise<AgentItem | undefined>;
  clearSession(): Promise<void>;
}

const pageSize = 200;

/**
 * A `Session` of the OpenAI Agents SDK that keeps its items as messages in a `SessionHistoryService`: `run(agent, input, { session })`.
 * Items come back exactly as they were, with the provider's ids and encrypted reasoning, in any process.
 *
 * Items that are added together are kept together or not at all. `popItem` adds a heartbeat that takes the last item away, since a
 * history only grows: two that race take the same one, and whoever reads the history itself still sees it.
 */
export function createOpenAIAgentsSession(options: OpenAIAgentsSessionOptions): OpenAIAgentsSession {
  const { sessions, userId, sessionId } = options;
  const key = { userId, sessionId };
  const newest = async (limit: number): Promise<KeptItem[]> => {
    const found: KeptItem[] = [];
    const taken = new Set<string>();
    for await (const message of backwards(sessions, key)) {
      if (found.length >= limit) break;
      const takes = message.metadata?.[takenMark];
      if (typeof takes === "string") taken.add(takes);
      const item = taken.has(message.id) ? undefined : toItem(message, 0);
      if (item !== undefined) found.push({ id: message.id, item: withoutNote(item) });
    }
    return found.toReversed();
  };
  return {
    getSessionId: async () => sessionId,
    getItems: async (limit = Number.POSITIVE_INFINITY) => (await newest(limit)).map(({ item }) => item),
    addItems: async (items) => {
      // The same message may be added again, as another item.
      const messages = fromAgentInputItems(items).map((message) => ({ ...message, id: newMessageId() }));
      await sessions.append(key, messages);
    },
    popItem: async () => {
      const [last] = await newest(1);
      if (last !== undefined) await sessions.append(key, [taking(last.id)]);
      return last?.item;
    },
    clearSession: async () => sessions.delete(key),
  };
}

interface KeptItem {
  /** Of the message. */
  readonly id: string;
  readonly item: AgentItem;
}

/** In the metadata of a heartbeat: the message that it takes away. */
const takenMark = "openai_agents_takes";

function taking(id: string): Message {
  return messageSchema.parse({ type: "heartbeat", status: "completed", metadata: { [takenMark]: id } });
}

async function* backwards(sessions: SessionHistoryService, key: SessionKey): AsyncGenerator<Message> {
  let cursor: string | undefined;
  do {
    const page = await sessions.read(key, { limit: pageSize, cursor });
    yield* page.items.toReversed();
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function withoutNote(noted: AgentItem): AgentItem {
  const { agentscope: _, ...item } = noted;
  return item;
}
