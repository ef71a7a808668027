import type { RedisClient } from "./redis-client.ts";

/** Closes a connection of our own, and waits until its socket is gone. */
export async function closeClient(client: RedisClient): Promise<void> {
  const standing = ["connecting", "connect", "ready"].includes(client.status);
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  client.once("end", resolve);
  client.disconnect();
  if (standing) await ended;
}
