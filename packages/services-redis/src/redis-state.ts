import { RuntimeError } from "@agentscope-runtime/protocol";
import { encodeCursor, Lifetime, parseCursor, parseLimit, toJsonText } from "@agentscope-runtime/services";
import type {
  CallOptions,
  LoadOptions,
  Page,
  PageOptions,
  SavedState,
  SavedVersion,
  SaveOptions,
  StateKey,
  StateService,
} from "@agentscope-runtime/services";
import type { RedisConnection } from "./redis-connection.ts";
import { script } from "./script.ts";
import { numberOf, toEntries } from "./stream-entry.ts";

export interface RedisStateOptions {
  /** Yours: it is not closed. */
  readonly connection: RedisConnection;
}

/** Every version of every state, kept until it is deleted, without a limit. */
export class RedisState implements StateService {
  readonly #lifetime = new Lifetime("RedisState");
  readonly #connection: RedisConnection;

  constructor({ connection }: RedisStateOptions) {
    this.#connection = connection;
  }

  async save(key: StateKey, state: unknown, options?: SaveOptions): Promise<SavedVersion> {
    this.#lifetime.assertOpen(options);
    const expectedVersion = options?.expectedVersion;
    const reply = await this.#connection.write(save, {
      keys: this.#keys(key),
      args: [toJsonText(state, "state"), expectedVersion ?? ""],
      signal: options?.signal,
    });
    const [version = 0, savedAt] = (reply as unknown[]).map(Number); // Our own script's.
    if (savedAt !== undefined) return { version, savedAt };
    throw new RuntimeError("conflict", "Another save came between.", {
      details: { expectedVersion, actualVersion: version },
    });
  }

  async load(key: StateKey, options?: LoadOptions): Promise<SavedState | undefined> {
    this.#lifetime.assertOpen(options);
    const reply = await this.#connection.read(load, {
      keys: this.#keys(key),
      args: [options?.version ?? ""],
      signal: options?.signal,
    });
    if (reply === null) return undefined;
    const [version, savedAt, text] = reply as [string, string, string]; // Our own script's.
    return { version: Number(version), savedAt: Number(savedAt), state: JSON.parse(text) };
  }

  async history(key: StateKey, options?: PageOptions): Promise<Page<SavedVersion>> {
    this.#lifetime.assertOpen(options);
    const limit = parseLimit(options?.limit);
    const scope = ["versions", key.userId, key.sessionId, key.name];
    const newest = options?.cursor === undefined ? "+" : Number(parseCursor(scope, options.cursor)) - 1;
    const [, versions] = this.#keys(key);
    const reply = await this.#connection.command(["XREVRANGE", versions, newest, "-", "COUNT", limit], options?.signal);
    const items = toEntries(reply).map(({ id, fields }) => ({
      version: numberOf(id),
      savedAt: Number(fields["at"]),
    }));
    const oldest = items.at(-1)?.version ?? 1;
    return { items, cursor: oldest > 1 ? encodeCursor(scope, String(oldest)) : undefined };
  }

  async delete(key: StateKey, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    await this.#connection.command(["UNLINK", ...this.#keys(key)], options?.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
  }

  /** The texts by version, and the versions in order. */
  #keys({ userId, sessionId, name }: StateKey): readonly [texts: string, versions: string] {
    const slot = ["state", userId, sessionId, name];
    return [this.#connection.key(slot, "texts"), this.#connection.key(slot, "versions")];
  }
}

/** Returns the version and its time, or the actual version alone when it is not the expected one. */
const save = script(`
local texts, versions = KEYS[1], KEYS[2]
local id, again, text, expected = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if again == '1' then
  for _, entry in ipairs(redis.call('XREVRANGE', versions, '+', '-', 'COUNT', 100)) do
    if entry[2][4] == id then return { string.match(entry[1], '%d+'), entry[2][2] } end
  end
end
local last = redis.call('XREVRANGE', versions, '+', '-', 'COUNT', 1)[1]
local version = last and tonumber(string.match(last[1], '%d+')) or 0
if expected ~= '' and tonumber(expected) ~= version then return { version } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local at = string.format('%.0f', math.max(now, last and tonumber(last[2][2]) or 0))
redis.call('HSET', texts, version + 1, text)
redis.call('XADD', versions, string.format('%d-0', version + 1), 'at', at, 'id', id)
return { version + 1, at }
`);

const load = script(`
local texts, versions, wanted = KEYS[1], KEYS[2], ARGV[1]
local entry
if wanted == '' then
  entry = redis.call('XREVRANGE', versions, '+', '-', 'COUNT', 1)[1]
elseif tonumber(wanted) > 0 then
  entry = redis.call('XRANGE', versions, wanted .. '-0', wanted .. '-0')[1]
end
if not entry then return false end
local version = string.match(entry[1], '%d+')
return { version, entry[2][2], redis.call('HGET', texts, version) }
`);
