/** How many parts the runs, and the memories, are in, each in a slot of its own of a cluster. It shapes keys: it must stay. */
const shardCount = 16;

/** Two digits each. */
export const shards: readonly string[] = Array.from({ length: shardCount }, (_, shard) => nameOf(shard));

/** The part that everything of an owner, or of a user, is in. */
export function shardOf(id: string): string {
  let hash = 0;
  for (let index = 0; index < id.length; index++) hash = (Math.imul(hash, 31) + id.charCodeAt(index)) >>> 0;
  return nameOf(hash % shardCount);
}

function nameOf(shard: number): string {
  return String(shard).padStart(2, "0");
}
