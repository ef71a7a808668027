import { bareMessage, differenceOf } from "@agentscope-runtime/core/adapter";
import type { Message } from "@agentscope-runtime/protocol";
import type { CallOptions, SessionHistoryService, SessionKey } from "@agentscope-runtime/services";
import { fromUIMessages } from "./from-ui-messages.ts";
import type { FromUIMessagesOptions } from "./from-ui-messages.ts";
import { toUIMessages } from "./to-ui-messages.ts";
import type { ToUIMessagesOptions } from "./to-ui-messages.ts";
import type { UIMessageInput } from "./ui-input.ts";
import type { UIMessage } from "./ui-message.ts";
import { ownMetadata } from "./ui-notes.ts";

export interface ChatStoreOptions extends ToUIMessagesOptions, FromUIMessagesOptions {
  readonly sessions: SessionHistoryService;
  /** Whose chats they are. Take it from who is signed in, not from what a browser says. */
  readonly userId: string;
}

export interface LoadChatOptions extends CallOptions {
  /** How many of our messages at the most, the newest of them; a turn of an agent's is several. Default 1,000. */
  readonly limit?: number;
}

/** Where chats of the SDK are kept: `loadChat` and `saveChat` of its guide. A chat is a session; its id is the session's. */
export interface ChatStore {
  /** The newest messages, oldest of them first; none for a chat that nobody has saved. */
  loadChat(chatId: string, options?: LoadChatOptions): Promise<UIMessage[]>;
  /**
   * Keeps what `onEnd`, or `onFinish` in 6, gives: it is appended, but for what is there already. Stored messages before the first of
   * these stay. Where one was replaced or changed, as `regenerate` does, the session is deleted and written anew, with its title and
   * metadata. That is two steps: let nobody else write to the session meanwhile, and save again when it fails.
   */
  saveChat(
    chat: { readonly chatId: string; readonly messages: readonly UIMessageInput[] },
    options?: CallOptions,
  ): Promise<void>;
}

const pageSize = 200;

/**
 * Chats of AI SDK 6 and 7 in our session history, so that they are there for every other door too.
 *
 * @example
 * ```ts
 * const chats = createChatStore({ sessions, userId });
 * const messages = [...(await chats.loadChat(id)), message];
 * // ... toUIMessageStream({ ..., originalMessages: messages, onEnd: ({ messages }) => chats.saveChat({ chatId: id, messages }) })
 * ```
 */
export function createChatStore({ sessions, userId, ...options }: ChatStoreOptions): ChatStore {
  return {
    async loadChat(chatId, { limit = 1000, signal } = {}) {
      const stored = await newest(sessions, { userId, sessionId: chatId }, { limit, signal });
      return toUIMessages(stored, options);
    },

    async saveChat({ chatId, messages }, call) {
      const key = { userId, sessionId: chatId };
      const wanted = fromUIMessages(messages, options);
      const stored = await newest(sessions, key, { limit: Infinity, signal: call?.signal });
      const ids = new Set(wanted.map(({ id }) => id));
      const begin = stored.findIndex(({ id }) => ids.has(id));
      const shared = begin === -1 ? [] : stored.slice(begin);
      const known = new Map(shared.map((message) => [message.id, message]));
      const added = wanted.filter(({ id }) => !known.has(id));
      const kept = wanted.filter(({ id }) => known.has(id));
      const isAppended =
        kept.length === shared.length && kept.every((message) => isSame(known.get(message.id), message));
      if (isAppended) await sessions.append(key, added, call);
      else await rewrite(sessions, key, { messages: [...stored.slice(0, begin), ...wanted], ...call });
    },
  };
}

/** The newest, oldest of them first. */
async function newest(
  sessions: SessionHistoryService,
  key: SessionKey,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal | undefined },
): Promise<Message[]> {
  const pages: (readonly Message[])[] = [];
  let left = limit;
  let cursor: string | undefined;
  do {
    const page = await sessions.read(key, { limit: Math.min(pageSize, left), cursor, ...(signal && { signal }) });
    pages.unshift(page.items);
    left -= page.items.length;
    cursor = page.cursor;
  } while (cursor !== undefined && left > 0);
  return pages.flat();
}

/** What stands in `ai_sdk` may move from a call to its result: that is no change. */
function isSame(stored: Message | undefined, message: Message): boolean {
  const [before, after] = [stored, message].map((one) => {
    return one && { ...bareMessage(one), metadata: ownMetadata(one.metadata), status: undefined };
  });
  return differenceOf(before, after) === undefined;
}

async function rewrite(
  sessions: SessionHistoryService,
  key: SessionKey,
  { messages, ...options }: CallOptions & { readonly messages: readonly Message[] },
): Promise<void> {
  const record = await sessions.get(key, options);
  await sessions.delete(key, options);
  await sessions.append(key, messages, options);
  // Without messages there is no session any more.
  if (record !== undefined && messages.length > 0) {
    await sessions.update(key, { title: record.title, metadata: record.metadata }, options);
  }
}
