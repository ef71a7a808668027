import { portVariable } from "./open-test-server.ts";
import { openSharedServers } from "./shared-servers.ts";
import type { SharedServers } from "./shared-servers.ts";

/** Where setup leaves the servers for teardown: Jest has no other place. Only we write it. */
export const holder = globalThis as { agentscopeTestServers?: SharedServers };

/** Jest's global setup: from here on a test file can ask for a server. */
// oxlint-disable-next-line import/no-default-export -- Jest wants it so.
export default async function setUp(): Promise<void> {
  const servers = await openSharedServers();
  holder.agentscopeTestServers = servers;
  process.env[portVariable] = String(servers.port);
}
