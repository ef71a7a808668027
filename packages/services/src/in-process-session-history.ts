import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
import { Lifetime } from "./lifetime.ts";
import { newestFirst, pageOf } from "./page-of.ts";
import type { Page, PageOptions } from "./page.ts";
import type { SessionChanges, SessionHistoryService, SessionKey, SessionRecord } from "./session-history-service.ts";
import { Timeline } from "./timeline.ts";

export interface InProcessSessionHistoryOptions {
  /** Milliseconds since 1970. `Date.now` by default. */
  readonly now?: () => number;
}

interface Session {
  readonly key: SessionKey;
  readonly createdAt: number;
  /** As JSON text: a copy that nobody can change, and smaller than the objects. */
  readonly messages: string[];
  /** Where it stands among its user's sessions. */
  number: number;
  updatedAt: number;
  title: string | undefined;
  /** As JSON text. */
  metadata: string;
}

interface UserSessions {
  readonly byId: Map<string, Session>;
  readonly byUpdate: Timeline<Session>;
}

/** Conversations in this process's memory: they end with it, and nothing limits how much they take. */
export class InProcessSessionHistory implements SessionHistoryService {
  readonly #lifetime = new Lifetime("InProcessSessionHistory");
  readonly #now: () => number;
  readonly #users = new Map<string, UserSessions>();
  #lastNumber = 0;

  constructor({ now = Date.now }: InProcessSessionHistoryOptions = {}) {
    this.#now = now;
  }

  async append(key: SessionKey, messages: readonly Message[], options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const texts = messages.map((message) => JSON.stringify(message)); // Before anything is written: all or none.
    if (texts.length === 0) return;
    const now = this.#now();
    const session = this.#find(key) ?? this.#begin(key, now);
    for (const text of texts) session.messages.push(text);
    this.#touch(session, now);
  }

  async read({ userId, sessionId }: SessionKey, options?: PageOptions): Promise<Page<Message>> {
    this.#lifetime.assertOpen(options);
    const messages = this.#find({ userId, sessionId })?.messages ?? [];
    const { items, cursor } = pageOf(
      {
        scope: ["messages", userId, sessionId],
        newest: (before) => newestFirst(messages, before),
        toItem: (text) => JSON.parse(text) as Message, // Our own text of one.
      },
      options,
    );
    return { items: items.toReversed(), cursor };
  }

  async get(key: SessionKey, options?: CallOptions): Promise<SessionRecord | undefined> {
    this.#lifetime.assertOpen(options);
    const session = this.#find(key);
    return session && toRecord(session);
  }

  async list(userId: string, options?: PageOptions): Promise<Page<SessionRecord>> {
    this.#lifetime.assertOpen(options);
    const sessions = this.#users.get(userId)?.byUpdate;
    return pageOf(
      { scope: ["sessions", userId], newest: (before) => sessions?.newest(before) ?? [], toItem: toRecord },
      options,
    );
  }

  async update(key: SessionKey, changes: SessionChanges, options?: CallOptions): Promise<SessionRecord> {
    this.#lifetime.assertOpen(options);
    const session = this.#find(key);
    if (session === undefined) throw new RuntimeError("not_found", "There is no such session.");
    session.metadata = changes.metadata === undefined ? session.metadata : JSON.stringify(changes.metadata);
    session.title = changes.title ?? session.title;
    this.#touch(session, this.#now());
    return toRecord(session);
  }

  async delete({ userId, sessionId }: SessionKey, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const user = this.#users.get(userId);
    const session = user?.byId.get(sessionId);
    if (user === undefined || session === undefined) return;
    user.byId.delete(sessionId);
    user.byUpdate.remove(session.number);
    if (user.byId.size === 0) this.#users.delete(userId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    this.#users.clear();
  }

  #find({ userId, sessionId }: SessionKey): Session | undefined {
    return this.#users.get(userId)?.byId.get(sessionId);
  }

  #begin({ userId, sessionId }: SessionKey, now: number): Session {
    let user = this.#users.get(userId);
    if (user === undefined) {
      user = { byId: new Map(), byUpdate: new Timeline() };
      this.#users.set(userId, user);
    }
    const session: Session = {
      key: { userId, sessionId },
      createdAt: now,
      messages: [],
      number: 0,
      updatedAt: now,
      title: undefined,
      metadata: "{}",
    };
    user.byId.set(sessionId, session);
    return session;
  }

  /** Makes it the last updated of its user's sessions. */
  #touch(session: Session, now: number): void {
    const sessions = this.#users.get(session.key.userId)?.byUpdate;
    sessions?.remove(session.number);
    session.number = ++this.#lastNumber;
    session.updatedAt = now;
    sessions?.add(session.number, session);
  }
}

function toRecord({ key, createdAt, updatedAt, messages, title, metadata }: Session): SessionRecord {
  return {
    ...key,
    createdAt,
    updatedAt,
    messageCount: messages.length,
    title,
    metadata: JSON.parse(metadata) as SessionRecord["metadata"], // Our own text of one.
  };
}
