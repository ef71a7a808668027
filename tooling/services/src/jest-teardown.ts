import { holder } from "./jest-setup.ts";

/** Jest's global teardown: ends the servers and waits until they are gone. */
// oxlint-disable-next-line import/no-default-export -- Jest wants it so.
export default async function tearDown(): Promise<void> {
  await holder.agentscopeTestServers?.[Symbol.asyncDispose]();
}
