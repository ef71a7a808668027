import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import { encodeCursor, Lifetime, parseCursor, parseLimit } from "@agentscope-runtime/services";
import type {
  CallOptions,
  Page,
  PageOptions,
  SessionChanges,
  SessionHistoryService,
  SessionKey,
  SessionRecord,
} from "@agentscope-runtime/services";
import { decodeId, encodeId } from "./encode-id.ts";
import { newestFirst } from "./newest-first.ts";
import type { RedisConnection } from "./redis-connection.ts";
import { script } from "./script.ts";

export interface RedisSessionHistoryOptions {
  /** Yours: it is not closed. */
  readonly connection: RedisConnection;
}

/** Conversations, each a list of messages, kept until they are deleted. What a call costs does not grow with their length. */
export class RedisSessionHistory implements SessionHistoryService {
  readonly #lifetime = new Lifetime("RedisSessionHistory");
  readonly #connection: RedisConnection;

  constructor({ connection }: RedisSessionHistoryOptions) {
    this.#connection = connection;
  }

  async append(key: SessionKey, messages: readonly Message[], options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const texts = messages.map((message) => JSON.stringify(message));
    if (texts.length === 0) return;
    await this.#connection.write(append, {
      keys: [this.#messages(key), this.#session(key), this.#sessions(key.userId)],
      args: [encodeId(key.sessionId), ...texts],
      signal: options?.signal,
    });
  }

  async read(key: SessionKey, options?: PageOptions): Promise<Page<Message>> {
    this.#lifetime.assertOpen(options);
    const limit = parseLimit(options?.limit);
    const scope = ["messages", key.userId, key.sessionId];
    const before = options?.cursor === undefined ? undefined : Number(parseCursor(scope, options.cursor));
    const range = before === undefined ? [-limit, -1] : [Math.max(before - 1 - limit, 0), before - 2];
    const command = ["LRANGE", this.#messages(key), ...range] as const;
    const elements = (await this.#connection.command(command, options?.signal)) as readonly string[]; // By the protocol.
    const messages = elements.map(toNumbered);
    const first = messages[0]?.number ?? 1;
    return {
      items: messages.map(({ message }) => message),
      cursor: first > 1 ? encodeCursor(scope, String(first)) : undefined,
    };
  }

  async get(key: SessionKey, options?: CallOptions): Promise<SessionRecord | undefined> {
    this.#lifetime.assertOpen(options);
    const reply = await this.#connection.read(records, { keys: [this.#session(key)], signal: options?.signal });
    return toRecords([key], reply)[0];
  }

  async list(userId: string, options?: PageOptions): Promise<Page<SessionRecord>> {
    this.#lifetime.assertOpen(options);
    const limit = parseLimit(options?.limit);
    const scope = ["sessions", userId];
    const before = options?.cursor === undefined ? undefined : parseCursor(scope, options.cursor);
    const found = await newestFirst(this.#connection, this.#sessions(userId), {
      before,
      most: limit + 1,
      signal: options?.signal,
    });
    const listed = found.slice(0, limit);
    const last = found.length > limit ? listed.at(-1) : undefined;
    const keys = listed.map(({ member }) => ({ userId, sessionId: decodeId(member) }));
    if (keys.length === 0) return { items: [], cursor: undefined };
    const call = { keys: keys.map((key) => this.#session(key)), signal: options?.signal };
    return {
      items: toRecords(keys, await this.#connection.read(records, call)),
      cursor: last === undefined ? undefined : encodeCursor(scope, last.place),
    };
  }

  async update(key: SessionKey, { title, metadata }: SessionChanges, options?: CallOptions): Promise<SessionRecord> {
    this.#lifetime.assertOpen(options);
    const changes = [
      ...(title === undefined ? [] : ["title", JSON.stringify(title)]),
      ...(metadata === undefined ? [] : ["metadata", JSON.stringify(metadata)]),
    ];
    const reply = await this.#connection.write(update, {
      keys: [this.#session(key), this.#sessions(key.userId)],
      args: [encodeId(key.sessionId), ...changes],
      signal: options?.signal,
    });
    const [record] = toRecords([key], [reply]);
    if (record === undefined) throw new RuntimeError("not_found", "There is no such session.");
    return record;
  }

  async delete(key: SessionKey, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    await this.#connection.write(forget, {
      keys: [this.#messages(key), this.#session(key), this.#sessions(key.userId)],
      args: [encodeId(key.sessionId)],
      signal: options?.signal,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
  }

  #messages({ userId, sessionId }: SessionKey): string {
    return this.#connection.key(["sessions", userId], "messages", sessionId);
  }

  #session({ userId, sessionId }: SessionKey): string {
    return this.#connection.key(["sessions", userId], "session", sessionId);
  }

  /** The user's sessions by their last update. */
  #sessions(userId: string): string {
    return this.#connection.key(["sessions", userId], "all");
  }
}

/** An element is the message's number, from 1 without gaps, the id of the write that added it, and its text. */
function toNumbered(element: string): { readonly number: number; readonly message: Message } {
  const end = element.indexOf(" ");
  const text = element.slice(element.indexOf(" ", end + 1) + 1);
  return { number: Number(element.slice(0, end)), message: JSON.parse(text) as Message }; // Our own text of one.
}

/** Of each key the fields that a script returned; null where there is none, as when it was deleted meanwhile. */
function toRecords(keys: readonly SessionKey[], reply: unknown): SessionRecord[] {
  const rows = reply as readonly (readonly (string | null)[] | null)[]; // Our own scripts'.
  return keys.flatMap(({ userId, sessionId }, index) => {
    const [count, createdAt, updatedAt, title, metadata] = rows[index] ?? [];
    if (typeof count !== "string") return [];
    return {
      userId,
      sessionId,
      createdAt: Number(createdAt),
      updatedAt: Number(updatedAt),
      messageCount: Number(count),
      title: typeof title === "string" ? (JSON.parse(title) as string) : undefined, // Our own text.
      metadata: JSON.parse(metadata ?? "{}") as SessionRecord["metadata"], // Our own text.
    };
  });
}

/** Makes a session the last updated one, by the clock, but never before one that is there. Returns the time to write down. */
const touch = `
local function touch(sessions, member, updated)
  local time = redis.call('TIME')
  local last = redis.call('ZREVRANGE', sessions, 0, 0, 'WITHSCORES')[2]
  local place = math.max(time[1] * 1000000 + time[2], (tonumber(last) or 0) + 1)
  redis.call('ZADD', sessions, string.format('%.0f', place), member)
  return string.format('%.0f', math.max(time[1] * 1000 + math.floor(time[2] / 1000), tonumber(updated) or 0))
end
`;

const append = script(`${touch}
local messages, session, sessions = KEYS[1], KEYS[2], KEYS[3]
local id, again, member = ARGV[1], ARGV[2], ARGV[3]
if again == '1' then
  for _, element in ipairs(redis.call('LRANGE', messages, -1000, -1)) do
    if string.match(element, '^%d+ (%S+)') == id then return end
  end
end
local known = redis.call('HMGET', session, 'count', 'updated')
local count = tonumber(known[1]) or 0
for index = 4, #ARGV do
  count = count + 1
  redis.call('RPUSH', messages, string.format('%d ', count) .. id .. ' ' .. ARGV[index])
end
local updated = touch(sessions, member, known[2])
if known[1] then
  redis.call('HSET', session, 'count', count, 'updated', updated)
else
  redis.call('HSET', session, 'count', count, 'updated', updated, 'created', updated)
end
`);

const update = script(`${touch}
local session, sessions, member = KEYS[1], KEYS[2], ARGV[3]
local updated = redis.call('HGET', session, 'updated')
if not updated then return false end
redis.call('HSET', session, 'updated', touch(sessions, member, updated), unpack(ARGV, 4))
return redis.call('HMGET', session, 'count', 'created', 'updated', 'title', 'metadata')
`);

const forget = script(`
local messages, session, sessions, member = KEYS[1], KEYS[2], KEYS[3], ARGV[3]
redis.call('UNLINK', messages, session)
redis.call('ZREM', sessions, member)
`);

const records = script(`
local found = {}
for index, key in ipairs(KEYS) do
  found[index] = redis.call('HMGET', key, 'count', 'created', 'updated', 'title', 'metadata')
end
return found
`);
