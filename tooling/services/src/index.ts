export { describeWithPostgres, describeWithRedis } from "./describe-with-server.ts";
export { freshName, openTestPostgres, openTestRedis } from "./open-test-server.ts";
export { startPostgres, startRedis } from "./test-server.ts";

export type { TestServer } from "./test-server.ts";
