import type { Message } from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
import type { Page, PageOptions } from "./page.ts";

export interface SessionKey {
  readonly userId: string;
  readonly sessionId: string;
}

export interface SessionRecord extends SessionKey {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds since 1970: the last append or update. */
  readonly updatedAt: number;
  readonly messageCount: number;
  readonly title: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** What is left out or undefined stays as it was. */
export interface SessionChanges {
  readonly title?: string | undefined;
  /** Replaces all metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/**
 * Keeps the messages of every conversation.
 *
 * A session begins with its first `append`; one that nobody wrote to reads as empty. Ids are opaque: any string is one.
 * Users never see each other's sessions, even with equal session ids. Once disposed, every call rejects with
 * `unavailable`. `sessionHistoryContract` in `./testing` is the full text of this contract.
 */
export interface SessionHistoryService extends AsyncDisposable {
  /** Adds messages after the ones that are there: all or none, in order, also when calls race. None change nothing. */
  append(key: SessionKey, messages: readonly Message[], options?: CallOptions): Promise<void>;

  /**
   * The newest messages, oldest of them first. With the page's cursor, the ones before it: a reader pages backwards.
   * The cursor stays right while others append.
   */
  read(key: SessionKey, options?: PageOptions): Promise<Page<Message>>;

  /** What is known of one session; undefined when there is none. */
  get(key: SessionKey, options?: CallOptions): Promise<SessionRecord | undefined>;

  /** The user's sessions, last updated first. */
  list(userId: string, options?: PageOptions): Promise<Page<SessionRecord>>;

  /** Changes title or metadata of a session that exists; `not_found` otherwise. */
  update(key: SessionKey, changes: SessionChanges, options?: CallOptions): Promise<SessionRecord>;

  /** Forgets the session. Deleting what is not there is not an error. */
  delete(key: SessionKey, options?: CallOptions): Promise<void>;
}
