import type { SessionHistoryService, SessionKey } from "@agentscope-runtime/services";
import { BaseListChatMessageHistory } from "@langchain/core/chat_history";
import type { BaseMessage } from "@langchain/core/messages";
import { fromLangChainMessages } from "./from-lang-chain-messages.ts";
import { toLangChainMessages } from "./to-lang-chain-messages.ts";

export interface SessionChatHistoryOptions {
  /** Yours: it is not closed. */
  readonly sessions: SessionHistoryService;
  /** Which session. */
  readonly key: SessionKey;
  /** How many of the newest messages are read, 1 to 1,000. Default 50. */
  readonly limit?: number;
}

/**
 * A session's history as LangChain's chat history, for `RunnableWithMessageHistory` and the like: what it adds is in the session, and
 * what the session has it reads, by `toLangChainMessages`.
 *
 * In a run the runtime appends the run's input and output itself: do not add them there as well.
 */
export class SessionChatHistory extends BaseListChatMessageHistory {
  readonly lc_namespace = ["agentscope-runtime", "stores", "message"];
  readonly #options: SessionChatHistoryOptions;

  constructor(options: SessionChatHistoryOptions) {
    super();
    this.#options = options;
  }

  override async getMessages(): Promise<BaseMessage[]> {
    const { sessions, key, limit } = this.#options;
    const { items } = await sessions.read(key, { limit });
    return toLangChainMessages(items);
  }

  override async addMessage(message: BaseMessage): Promise<void> {
    await this.addMessages([message]);
  }

  /** All or none, in order. */
  override async addMessages(messages: BaseMessage[]): Promise<void> {
    const { sessions, key } = this.#options;
    await sessions.append(key, fromLangChainMessages(messages));
  }

  /** Forgets the whole session. */
  override async clear(): Promise<void> {
    const { sessions, key } = this.#options;
    await sessions.delete(key);
  }
}
