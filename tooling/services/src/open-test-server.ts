import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

/** Where {@link openSharedServers} listens: set by Jest's global setup for the processes of the test files. */
export const portVariable = "AGENTSCOPE_TEST_SERVICES_PORT";

/**
 * The connection string of a real Postgres that this test run shares, with 300 connections. It is started by the first
 * who asks and ends with the run. Take a schema of your own in it: {@link freshName}.
 */
export function openTestPostgres(): Promise<string> {
  return openTestServer("postgres");
}

/** The URL of a real Redis that this test run shares. Begin your keys with a name of your own: {@link freshName}. */
export function openTestRedis(): Promise<string> {
  return openTestServer("redis");
}

/** A name that nobody else in this run has: good as a schema, a database or the beginning of keys. */
export function freshName(): string {
  return `test_${crypto.randomUUID().replaceAll("-", "")}`;
}

async function openTestServer(name: "postgres" | "redis"): Promise<string> {
  const port = Number(process.env[portVariable]);
  if (!(port > 0))
    throw new Error("Shared servers are for tests, run by Jest with the configuration of this repository.");
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    socket.write(`${name}\n`);
    for await (const line of createInterface({ input: socket })) {
      const { url, error } = JSON.parse(line) as { readonly url?: string; readonly error?: string }; // Our own answer.
      if (url === undefined) throw new Error(error);
      return url;
    }
    throw new Error(`The test run has ended before ${name} was there.`);
  } finally {
    socket.destroy();
  }
}
