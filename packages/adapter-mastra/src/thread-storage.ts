import { RuntimeError } from "@agentscope-runtime/protocol";
import type {
  SessionHistoryService,
  SessionKey,
  SessionRecord,
  StateKey,
  StateService,
} from "@agentscope-runtime/services";
import type { MastraDBMessage } from "@mastra/core/agent";
import type { StorageThreadType } from "@mastra/core/memory";
import {
  calculatePagination,
  filterByDateRange,
  jsonValueEquals,
  MemoryStorage,
  normalizePerPage,
  storageMessageMatchesMetadataFilter,
  validateStorageMetadataFilter,
} from "@mastra/core/storage";
import type {
  StorageCloneThreadInput,
  StorageCopyThreadOutput,
  StorageListMessagesByResourceIdInput,
  StorageListMessagesInput,
  StorageListMessagesOutput,
  StorageListThreadsInput,
  StorageListThreadsOutput,
  StorageResourceType,
} from "@mastra/core/storage";
import { safeStringify } from "@mastra/core/utils/safe-stringify";
import { changeState } from "./change-state.ts";
import { everyItem } from "./every-item.ts";
import { deletedEntry, newestFirst, savedEntry } from "./message-log.ts";
import { recordOf } from "./record-of.ts";

export interface ThreadStorageOptions {
  readonly sessions: SessionHistoryService;
  readonly state: StateService;
  /** Under whose name threads and messages are found by their ids. It is nobody's user id. */
  readonly owner: string;
}

/** What a session's metadata says of a thread. */
interface ThreadNote {
  readonly createdAt: number;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Where a message is. */
interface MessagePlace {
  readonly threadId: string;
  readonly resourceId: string;
}

type MessageUpdate = Parameters<MemoryStorage["updateMessages"]>[0]["messages"][number];
type Include = NonNullable<StorageListMessagesInput["include"]>;

/** The sessions of threads among the other sessions of a user. */
const prefix = "mastra:";

/**
 * Where Mastra's memory keeps threads and messages: each thread is a session of the user that its resource names, under an id that
 * begins with `mastra:`. What belongs to a resource itself, such as working memory, is in the state service.
 *
 * Messages stand in the order in which they were first saved. Observational memory is not supported.
 */
export class ThreadStorage extends MemoryStorage {
  override readonly supportsPartialThreadUpdate = true;
  readonly #sessions: SessionHistoryService;
  readonly #states: StateService;
  readonly #owner: string;

  constructor({ sessions, state, owner }: ThreadStorageOptions) {
    super();
    this.#sessions = sessions;
    this.#states = state;
    this.#owner = owner;
  }

  override async init(): Promise<void> {
    // There are no tables.
  }

  async dangerouslyClearAll(): Promise<void> {
    for await (const { sessionId } of everyItem((page) => this.#sessions.list(this.#owner, page))) {
      await this.deleteThread({ threadId: sessionId });
    }
  }

  async getThreadById(wanted: { threadId: string; resourceId?: string }): Promise<StorageThreadType | null> {
    const key = await this.#keyOf(wanted.threadId);
    if (key === undefined || (wanted.resourceId !== undefined && wanted.resourceId !== key.userId)) return null;
    const record = await this.#sessions.get(key);
    return record === undefined ? null : toThread(record);
  }

  async saveThread({ thread }: { thread: StorageThreadType }): Promise<StorageThreadType> {
    const { title, metadata } = thread;
    const key = await this.#begin(thread.id, thread.resourceId);
    const note: ThreadNote = { createdAt: new Date(thread.createdAt).getTime(), ...(metadata && { metadata }) };
    return toThread(await this.#sessions.update(key, { title, metadata: jsonOf(note) }));
  }

  async updateThread(update: Parameters<MemoryStorage["updateThread"]>[0]): Promise<StorageThreadType> {
    const { id, title, metadata } = update;
    const key = await this.#existing(id);
    const record = await recordOf(this.#sessions, key);
    const { createdAt, metadata: before } = noteOf(record);
    const changes =
      metadata === undefined ? {} : { metadata: jsonOf({ createdAt, metadata: { ...before, ...metadata } }) };
    return toThread(await this.#sessions.update(key, { title, ...changes }));
  }

  async deleteThread({ threadId }: { threadId: string }): Promise<void> {
    const key = await this.#keyOf(threadId);
    if (key === undefined) return;
    for await (const { id } of newestFirst(this.#sessions, key)) await this.#states.delete(this.#placeKey(id));
    await this.#sessions.delete(key);
    await this.#sessions.delete({ userId: this.#owner, sessionId: threadId });
  }

  async saveMessages({ messages }: { messages: MastraDBMessage[] }): Promise<{ messages: MastraDBMessage[] }> {
    for (const [threadId, ofThread] of Map.groupBy(messages, (message) => message.threadId ?? "")) {
      const resourceId = ofThread.find((message) => message.resourceId !== undefined)?.resourceId;
      const key = (await this.#keyOf(threadId)) ?? (await this.#begin(threadId, resourceId));
      await this.#save(key, ofThread);
    }
    return { messages };
  }

  async updateMessages({ messages }: { messages: MessageUpdate[] }): Promise<MastraDBMessage[]> {
    const before = await this.#find(messages.map(({ id }) => id));
    const updated: MastraDBMessage[] = [];
    for (const update of messages) {
      const message = before.get(update.id);
      if (message === undefined) continue;
      const next = updatedMessage(message, update);
      if (next.threadId !== message.threadId) await this.deleteMessages([message.id]);
      await this.saveMessages({ messages: [next] });
      before.set(next.id, next);
      updated.push(next);
    }
    return updated;
  }

  override async deleteMessages(messageIds: string[]): Promise<void> {
    for (const [threadId, ids] of await this.#byThread(messageIds)) {
      const key = await this.#keyOf(threadId);
      if (key !== undefined) await this.#sessions.append(key, [deletedEntry(ids)]);
      await Promise.all(ids.map((id) => this.#states.delete(this.#placeKey(id))));
    }
  }

  async listMessagesById({ messageIds }: { messageIds: string[] }): Promise<{ messages: MastraDBMessage[] }> {
    const found = await this.#find(messageIds);
    return { messages: [...new Set(messageIds)].flatMap((id) => found.get(id) ?? []) };
  }

  async listMessages(input: StorageListMessagesInput): Promise<StorageListMessagesOutput> {
    const threadIds = [input.threadId].flat();
    if (threadIds.length === 0 || threadIds.some((id) => id.trim() === "")) {
      throw new RuntimeError("invalid_argument", "Invalid threadId: name a thread, or several.");
    }
    const keys = (await Promise.all(threadIds.map((threadId) => this.#keyOf(threadId)))).filter(
      (key) => key !== undefined,
    );
    return this.#listMessages(keys, input);
  }

  override async listMessagesByResourceId(
    input: StorageListMessagesByResourceIdInput,
  ): Promise<StorageListMessagesOutput> {
    const records = await Array.fromAsync(this.#threadsOf(input.resourceId));
    return this.#listMessages(records, input);
  }

  async listThreads(input: StorageListThreadsInput): Promise<StorageListThreadsOutput> {
    const { page = 0, perPage: asked, filter } = input;
    this.validatePaginationInput(page, asked ?? 100);
    this.validateMetadataKeys(filter?.metadata);
    const { field, direction } = this.parseOrderBy(input.orderBy);
    const threads = (await this.#threads(filter?.resourceId)).filter(({ metadata = {} }) =>
      Object.entries(filter?.metadata ?? {}).every(([name, value]) => jsonValueEquals(metadata[name], value)),
    );
    threads.sort((left, right) => left[field].getTime() - right[field].getTime());
    if (direction === "DESC") threads.reverse();
    const size = normalizePerPage(asked, 100);
    const { offset, perPage } = calculatePagination(page, asked, size);
    const shown = threads.slice(offset, offset + size);
    return { threads: shown, total: threads.length, page, perPage, hasMore: offset + shown.length < threads.length };
  }

  override async getResourceById({ resourceId }: { resourceId: string }): Promise<StorageResourceType | null> {
    const saved = await this.#states.load(resourceKey(resourceId));
    return saved === undefined ? null : toResource(saved.state);
  }

  override async saveResource({ resource }: { resource: StorageResourceType }): Promise<StorageResourceType> {
    await this.#states.save(resourceKey(resource.id), toState(resource));
    return resource;
  }

  override async updateResource(update: Parameters<MemoryStorage["updateResource"]>[0]): Promise<StorageResourceType> {
    const { resourceId, workingMemory, metadata } = update;
    return changeState(this.#states, resourceKey(resourceId), (state) => {
      const now = new Date();
      const before = state === undefined ? { id: resourceId, createdAt: now, updatedAt: now } : toResource(state);
      const resource: StorageResourceType = {
        ...before,
        ...(workingMemory !== undefined && { workingMemory }),
        metadata: { ...before.metadata, ...metadata },
        updatedAt: now,
      };
      return { next: toState(resource), result: resource };
    });
  }

  override async copyThread(input: StorageCloneThreadInput): Promise<StorageCopyThreadOutput> {
    const { sourceThreadId, newThreadId = crypto.randomUUID(), title, options } = input;
    const key = await this.#existing(sourceThreadId);
    const source = toThread(await recordOf(this.#sessions, key));
    if ((await this.#keyOf(newThreadId)) !== undefined) {
      throw new RuntimeError("conflict", `There is a thread ${newThreadId} already.`);
    }
    const { messageIds, startDate, endDate } = options?.messageFilter ?? {};
    const ids = messageIds !== undefined && messageIds.length > 0 ? new Set(messageIds) : undefined;
    const copied = (await Array.fromAsync(newestFirst(this.#sessions, key)))
      .filter(({ id, createdAt }) => {
        const isIn =
          (startDate === undefined || createdAt >= startDate) && (endDate === undefined || createdAt <= endDate);
        return isIn && (ids === undefined || ids.has(id));
      })
      .slice(0, options?.messageLimit || undefined)
      .toReversed();
    const now = new Date();
    const last = copied.at(-1);
    const clone = { sourceThreadId, clonedAt: now, ...(last !== undefined && { lastMessageId: last.id }) };
    const newTitle = title ?? (source.title === undefined ? undefined : `Clone of ${source.title}`);
    const thread = await this.saveThread({
      thread: {
        id: newThreadId,
        resourceId: input.resourceId ?? source.resourceId,
        metadata: { ...input.metadata, clone },
        createdAt: now,
        updatedAt: now,
        ...(newTitle !== undefined && { title: newTitle }),
      },
    });
    const messageIdMap = Object.fromEntries(copied.map(({ id }) => [id, crypto.randomUUID()]));
    const messages = copied.map((message) => ({
      ...message,
      id: messageIdMap[message.id] ?? message.id,
      threadId: newThreadId,
      resourceId: thread.resourceId,
    }));
    await this.saveMessages({ messages });
    return { thread, messageIdMap };
  }

  /** A thread of another resource is another session: it moves there, and is gone here. */
  override async updateThreadResourceId(update: { threadId: string; resourceId: string }): Promise<StorageThreadType> {
    const { threadId, resourceId } = update;
    const key = await this.#existing(threadId);
    const thread = toThread(await recordOf(this.#sessions, key));
    if (thread.resourceId === resourceId) return thread;
    const messages = (await Array.fromAsync(newestFirst(this.#sessions, key))).toReversed();
    await this.deleteThread({ threadId });
    const moved = await this.saveThread({ thread: { ...thread, resourceId } });
    await this.saveMessages({ messages: messages.map((message) => ({ ...message, resourceId })) });
    return moved;
  }

  async #save(key: SessionKey, messages: readonly MastraDBMessage[]): Promise<void> {
    const threadId = threadIdOf(key);
    const known = new Set<string>();
    await Promise.all(
      messages.map(async ({ id }) => {
        const place = await this.#placeOf(id);
        if (place?.threadId === threadId) known.add(id);
      }),
    );
    const entries = messages.map((message) => {
      const first = !known.has(message.id);
      known.add(message.id);
      return { id: message.id, first, entry: savedEntry({ ...message, threadId, resourceId: key.userId }, first) };
    });
    await this.#sessions.append(
      key,
      entries.map(({ entry }) => entry),
    );
    const place: MessagePlace = { threadId, resourceId: key.userId };
    const added = entries.filter(({ first }) => first);
    await Promise.all(added.map(({ id }) => this.#states.save(this.#placeKey(id), place)));
  }

  async #listMessages(
    keys: readonly SessionKey[],
    input: Omit<StorageListMessagesInput, "threadId">,
  ): Promise<StorageListMessagesOutput> {
    const { include = [], filter, perPage: asked, page = 0, resourceId } = input;
    if (page < 0) throw new RuntimeError("invalid_argument", "Invalid page: use 0 or more.");
    const size = normalizePerPage(asked, 40);
    const { direction } = this.parseOrderBy(input.orderBy, "ASC");
    const { offset, perPage } = calculatePagination(page, asked, size);
    const metadataFilter = validateStorageMetadataFilter(filter?.metadata);
    const fits = (message: MastraDBMessage): boolean =>
      (resourceId === undefined || message.resourceId === resourceId) &&
      storageMessageMatchesMetadataFilter(message.content, metadataFilter) &&
      filterByDateRange([message], ({ createdAt }) => createdAt, filter?.dateRange).length > 0;
    // The newest ones are read without the rest.
    const enough = direction === "DESC" && input.includeTotal === false ? offset + size + 1 : Number.POSITIVE_INFINITY;
    const found: MastraDBMessage[] = [];
    if (size > 0) {
      for (const key of keys) {
        let ofThread = 0;
        for await (const message of newestFirst(this.#sessions, key)) {
          if (!fits(message)) continue;
          found.push(message);
          ofThread += 1;
          if (ofThread >= enough) break;
        }
      }
    }
    // Of one thread they are in order; several are put together by time.
    if (keys.length > 1) found.sort((left, right) => right.createdAt.getTime() - left.createdAt.getTime());
    if (direction === "ASC") found.reverse();
    const shown = found.slice(offset, offset + size);
    const around = await this.#included(include, resourceId);
    const missing = around.filter(({ id }) => !shown.some((message) => message.id === id));
    const messages = [...shown, ...missing];
    if (missing.length > 0) messages.sort((left, right) => left.createdAt.getTime() - right.createdAt.getTime());
    if (missing.length > 0 && direction === "DESC") messages.reverse();
    return { messages, total: found.length, page, perPage, hasMore: offset + shown.length < found.length };
  }

  /** Messages that were asked for by id, with those around them. */
  async #included(include: Include, resourceId: string | undefined): Promise<MastraDBMessage[]> {
    const found = new Map<string, MastraDBMessage>();
    for (const { id, withPreviousMessages = 0, withNextMessages = 0 } of include) {
      const place = await this.#placeOf(id);
      if (place === undefined || (resourceId !== undefined && place.resourceId !== resourceId)) continue;
      const later: MastraDBMessage[] = [];
      let earlier: number | undefined;
      for await (const message of newestFirst(this.#sessions, keyAt(place))) {
        if (earlier === undefined && message.id !== id) {
          later.push(message);
          if (later.length > withNextMessages) later.shift();
          continue;
        }
        if (earlier === undefined) for (const next of later) found.set(next.id, next);
        found.set(message.id, message);
        earlier = (earlier ?? -1) + 1;
        if (earlier >= withPreviousMessages) break;
      }
    }
    return [...found.values()];
  }

  async #find(ids: readonly string[]): Promise<Map<string, MastraDBMessage>> {
    const found = new Map<string, MastraDBMessage>();
    for (const [threadId, ofThread] of await this.#byThread(ids)) {
      const key = await this.#keyOf(threadId);
      if (key === undefined) continue;
      const wanted = new Set(ofThread);
      for await (const message of newestFirst(this.#sessions, key)) {
        if (wanted.delete(message.id)) found.set(message.id, message);
        if (wanted.size === 0) break;
      }
    }
    return found;
  }

  async #byThread(ids: readonly string[]): Promise<Map<string, string[]>> {
    const places = await Promise.all(ids.map(async (id) => ({ id, place: await this.#placeOf(id) })));
    const byThread = new Map<string, string[]>();
    for (const { id, place } of places) {
      if (place !== undefined) byThread.set(place.threadId, [...(byThread.get(place.threadId) ?? []), id]);
    }
    return byThread;
  }

  async #threads(resourceId: string | undefined): Promise<StorageThreadType[]> {
    if (resourceId !== undefined) {
      return Array.fromAsync(this.#threadsOf(resourceId), (record) => toThread(record));
    }
    const ids = await Array.fromAsync(everyItem((page) => this.#sessions.list(this.#owner, page)));
    const threads = await Promise.all(ids.map(async ({ sessionId }) => this.getThreadById({ threadId: sessionId })));
    return threads.filter((thread) => thread !== null);
  }

  async *#threadsOf(resourceId: string): AsyncGenerator<SessionRecord> {
    for await (const record of everyItem((page) => this.#sessions.list(resourceId, page))) {
      if (record.sessionId.startsWith(prefix)) yield record;
    }
  }

  /** The session of a thread that may be new. */
  async #begin(threadId: string, resourceId: string | undefined): Promise<SessionKey> {
    if (threadId === "" || resourceId === undefined || resourceId === "") {
      throw new RuntimeError("invalid_argument", "A message needs a threadId, and its thread a resourceId.");
    }
    const known = await this.#keyOf(threadId);
    if (known !== undefined && known.userId !== resourceId) {
      throw new RuntimeError("conflict", `The thread ${threadId} is another resource's: use updateThreadResourceId.`);
    }
    const key = keyAt({ threadId, resourceId });
    if (known === undefined) {
      const entry = { userId: this.#owner, sessionId: threadId };
      await recordOf(this.#sessions, entry);
      await this.#sessions.update(entry, { metadata: { resourceId } });
    }
    await recordOf(this.#sessions, key);
    return key;
  }

  async #existing(threadId: string): Promise<SessionKey> {
    const key = await this.#keyOf(threadId);
    if (key === undefined) throw new RuntimeError("not_found", `There is no thread ${threadId}.`);
    return key;
  }

  async #keyOf(threadId: string): Promise<SessionKey | undefined> {
    const entry = await this.#sessions.get({ userId: this.#owner, sessionId: threadId });
    const resourceId = entry?.metadata["resourceId"];
    return typeof resourceId === "string" ? keyAt({ threadId, resourceId }) : undefined;
  }

  async #placeOf(messageId: string): Promise<MessagePlace | undefined> {
    const saved = await this.#states.load(this.#placeKey(messageId));
    // Only this class writes there.
    return saved?.state as MessagePlace | undefined;
  }

  #placeKey(messageId: string): StateKey {
    return { userId: this.#owner, sessionId: messageId, name: "message" };
  }
}

function keyAt({ threadId, resourceId }: MessagePlace): SessionKey {
  return { userId: resourceId, sessionId: `${prefix}${threadId}` };
}

function threadIdOf({ sessionId }: SessionKey): string {
  return sessionId.slice(prefix.length);
}

function noteOf({ metadata, createdAt }: SessionRecord): ThreadNote {
  // Only this class writes there; nothing stands there when the thread's first message came before the thread.
  const note = metadata as unknown as Partial<ThreadNote>;
  return { ...note, createdAt: note.createdAt ?? createdAt };
}

function toThread(record: SessionRecord): StorageThreadType {
  const { createdAt, metadata } = noteOf(record);
  return {
    id: threadIdOf(record),
    resourceId: record.userId,
    createdAt: new Date(createdAt),
    updatedAt: new Date(record.updatedAt),
    ...(record.title !== undefined && { title: record.title }),
    ...(metadata !== undefined && { metadata: { ...metadata } }),
  };
}

/** Mastra's metadata may hold dates. */
function jsonOf(value: object): Record<string, unknown> {
  return JSON.parse(safeStringify(value)) as Record<string, unknown>;
}

function updatedMessage(message: MastraDBMessage, update: MessageUpdate): MastraDBMessage {
  const { content, ...changes } = update;
  const metadata = { ...message.content.metadata, ...content?.metadata };
  const next = { ...message.content, ...content, ...(Object.keys(metadata).length > 0 && { metadata }) };
  return { ...message, ...changes, content: next };
}

function resourceKey(resourceId: string): StateKey {
  return { userId: resourceId, sessionId: prefix, name: "resource" };
}

function toState({ createdAt, updatedAt, ...resource }: StorageResourceType): unknown {
  return jsonOf({ ...resource, createdAt: createdAt.getTime(), updatedAt: updatedAt.getTime() });
}

function toResource(state: unknown): StorageResourceType {
  // Only `toState` writes there.
  const { createdAt, updatedAt, ...resource } = state as Omit<StorageResourceType, "createdAt" | "updatedAt"> & {
    readonly createdAt: number;
    readonly updatedAt: number;
  };
  return { ...resource, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) };
}
