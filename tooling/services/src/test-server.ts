import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ServerName } from "./server-kind.ts";

/** A server of one's own. However its owner ends, also by kill -9, it is stopped and its data removed. */
export interface TestServer extends AsyncDisposable {
  /** The same port and data after every start. */
  readonly url: string;
  /** Orderly, without waiting for its clients: their connections break. Stopping twice changes nothing. */
  stop(): Promise<void>;
  /** Resolves when it takes connections. */
  start(): Promise<void>;
  restart(): Promise<void>;
}

/** Starts a server, kept by a process that outlives this one just long enough to end it. */
export async function openServer(name: ServerName): Promise<TestServer> {
  const keeper = spawn(process.execPath, [join(import.meta.dirname, "keeper.ts"), name], {
    detached: true,
    env: { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"] }, // Nothing of the tests', such as NODE_OPTIONS.
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(keeper, "exit");
  const answers = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]();
  keeper.stdin.on("error", () => undefined); // It ended; the missing answer says so.

  const ask = async (command: "start" | "stop"): Promise<string> => {
    keeper.stdin.write(`${command}\n`);
    const answer = await answers.next();
    if (answer.done === true) throw new Error(`The keeper of ${name} has ended.`);
    const { url, error } = JSON.parse(answer.value) as { readonly url?: string; readonly error?: string }; // The keeper's.
    if (url === undefined) throw new Error(error);
    return url;
  };
  const close = async (): Promise<void> => {
    keeper.stdin.end();
    await exited;
  };

  try {
    const url = await ask("start");
    const stop = async (): Promise<void> => void (await ask("stop"));
    const start = async (): Promise<void> => void (await ask("start"));
    return {
      url,
      stop,
      start,
      restart: async () => {
        await stop();
        await start();
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

/** A Postgres that a test has for itself. A suite that only needs a database shares one: `openTestPostgres`. */
export function startPostgres(): Promise<TestServer> {
  return openServer("postgres");
}

/** A Redis that a test has for itself, which keeps what it acknowledged over a restart. */
export function startRedis(): Promise<TestServer> {
  return openServer("redis-durable");
}
