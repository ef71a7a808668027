import { Lifetime, parseTtl } from "@agentscope-runtime/services";
import type { CallOptions, Lease, Leases } from "@agentscope-runtime/services";
import type { RedisConnection } from "./redis-connection.ts";
import { script } from "./script.ts";

export interface RedisLeasesOptions {
  /** Yours: it is not closed. */
  readonly connection: RedisConnection;
}

/**
 * Leases by the clock of Redis: those of the replicas need not agree. A token is greater than that of every earlier lease
 * of its name, unless nobody had one for a day and the clock of Redis went back by more.
 */
export class RedisLeases implements Leases {
  readonly #lifetime = new Lifetime("RedisLeases");
  readonly #connection: RedisConnection;

  constructor({ connection }: RedisLeasesOptions) {
    this.#connection = connection;
  }

  async acquire(name: string, ttlMs: number, options?: CallOptions): Promise<Lease | undefined> {
    this.#lifetime.assertOpen(options);
    const reply = await this.#connection.write(acquire, {
      keys: [this.#key(name)],
      args: [parseTtl(ttlMs)],
      signal: options?.signal,
    });
    return toLease(name, reply);
  }

  async renew({ name, token }: Lease, ttlMs: number, options?: CallOptions): Promise<Lease | undefined> {
    this.#lifetime.assertOpen(options);
    const reply = await this.#connection.write(renew, {
      keys: [this.#key(name)],
      args: [parseTtl(ttlMs), token],
      signal: options?.signal,
    });
    return toLease(name, reply);
  }

  async release({ name, token }: Lease, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    await this.#connection.write(release, { keys: [this.#key(name)], args: [token], signal: options?.signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
  }

  #key(name: string): string {
    return this.#connection.key(["lease", name], "holder");
  }
}

/** What the scripts return: the token and the end, or nothing. */
function toLease(name: string, reply: unknown): Lease | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [token, expiresAt] = reply.map(Number);
  return token === undefined || expiresAt === undefined ? undefined : { name, token, expiresAt };
}

/**
 * The microseconds of the clock are the next token, or one more than the last. The key outlives its lease by a day, so that
 * the last token is still known if the clock goes back.
 */
const acquire = script(`
local key, id, again, ttl = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('HMGET', key, 'token', 'expires', 'id')
if last[2] and tonumber(last[2]) > now then
  if again == '1' and last[3] == id then return { last[1], last[2] } end
  return false
end
local token = string.format('%.0f', math.max(time[1] * 1000000 + time[2], (tonumber(last[1]) or 0) + 1))
local expires = string.format('%.0f', now + ttl)
redis.call('HSET', key, 'token', token, 'expires', expires, 'id', id)
redis.call('PEXPIRE', key, string.format('%.0f', ttl + 86400000))
return { token, expires }
`);

const renew = script(`
local key, ttl, token = KEYS[1], tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('HMGET', key, 'token', 'expires')
if held[1] ~= token or tonumber(held[2]) <= now then return false end
local expires = string.format('%.0f', now + ttl)
redis.call('HSET', key, 'expires', expires)
redis.call('PEXPIRE', key, string.format('%.0f', ttl + 86400000))
return { token, expires }
`);

const release = script(`
local key, token = KEYS[1], ARGV[3]
if redis.call('HGET', key, 'token') == token then redis.call('HSET', key, 'expires', 0) end
`);
