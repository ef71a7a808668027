export { openRedisConnection, RedisConnection } from "./redis-connection.ts";
export { RedisLeases } from "./redis-leases.ts";
export { RedisTopic } from "./redis-topic.ts";
