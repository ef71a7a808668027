import type { RedisConnection } from "./redis-connection.ts";
import { script } from "./script.ts";

/** A member of a sorted set, and its place there. */
export interface Placed {
  readonly member: string;
  readonly place: string;
}

export interface NewestFirstOptions {
  /** Only those before this place. */
  readonly before?: string | undefined;
  readonly most: number;
  readonly signal?: AbortSignal | undefined;
}

/** The members of a sorted set that stand last. */
export async function newestFirst(
  connection: RedisConnection,
  key: string,
  { before, most, signal }: NewestFirstOptions,
): Promise<readonly Placed[]> {
  const args = [before === undefined ? "+inf" : `(${before}`, most];
  const flat = (await connection.read(range, { keys: [key], args, signal })) as readonly string[]; // By the script.
  return Array.from({ length: flat.length / 2 }, (_, index) => ({
    member: flat[index * 2] ?? "",
    place: flat[index * 2 + 1] ?? "",
  }));
}

/** A script, since the reply to the command itself has another shape in each version of the protocol. */
const range = script(`
return redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[1], '-inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
`);
