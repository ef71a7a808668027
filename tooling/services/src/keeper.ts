// Keeps one server, in a process of its own: does what its standard input says, line by line, and answers each with a
// line. When that input ends, because whoever holds it closed it or was killed, the server is stopped and its directory
// removed. This process is in a session of its own, so Ctrl-C in the terminal reaches it only that way.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "./free-port.ts";
import { serverKinds } from "./server-kind.ts";
import type { ServerKind, ServerName } from "./server-kind.ts";

const readyMs = 30_000;
const stopMs = 10_000;

class Keeper {
  readonly #kind: ServerKind;
  readonly #directory: string;
  #port: number | undefined;
  #child: ChildProcess | undefined;

  constructor(kind: ServerKind, directory: string) {
    this.#kind = kind;
    this.#directory = directory;
  }

  /** The server's URL: the same each time. */
  async start(): Promise<string> {
    if (this.#port !== undefined) return this.#startOn(this.#port);
    await this.#kind.prepare(this.#directory);
    for (let attempt = 1; ; attempt++) {
      try {
        const port = await freePort();
        const url = await this.#startOn(port);
        this.#port = port;
        return url;
      } catch (thrown) {
        if (attempt === 3) throw thrown; // Somebody can take a free port before the server does, but not each time.
      }
    }
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exited = once(child, "exit");
    child.kill(this.#kind.stopSignal);
    const patience = setTimeout(() => child.kill("SIGKILL"), stopMs);
    await exited;
    clearTimeout(patience);
  }

  async #startOn(port: number): Promise<string> {
    if (this.#child !== undefined) return this.#kind.url(port);
    const { file, args, user } = this.#kind.command(this.#directory, port);
    const child = spawn(file, args, { ...user, cwd: this.#directory, stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    child.once("exit", () => (this.#child = undefined));
    await ready(child, file);
    return this.#kind.url(port);
  }
}

async function ready(child: ChildProcess, file: string): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    const patience = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${file} was not ready within ${readyMs} ms:\n${said}`));
    }, readyMs);
    child.once("error", reject);
    child.once("exit", () => {
      clearTimeout(patience);
      reject(new Error(`${file} ended instead of starting:\n${said}`));
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-4000);
        if (!/ready to accept connections/i.test(said)) return;
        clearTimeout(patience);
        resolve();
      });
    }
  });
}

/** JSON, so that an answer is one line whatever it says. */
async function answer(work: () => Promise<string | void>): Promise<void> {
  const reply = await work().then(
    (url) => ({ url: url ?? "" }),
    (thrown: unknown) => ({ error: thrown instanceof Error ? thrown.message : String(thrown) }),
  );
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

process.stdout.on("error", () => undefined); // Nobody listens any more; the input ends as well.
const name = process.argv[2] as ServerName; // We are started with one of them only, by `openServer`.
const directory = await mkdtemp(join(tmpdir(), `agentscope-${name}-`));
const keeper = new Keeper(serverKinds[name], directory);
try {
  for await (const line of createInterface({ input: process.stdin })) {
    await answer(() => (line === "start" ? keeper.start() : keeper.stop()));
  }
} finally {
  await keeper.stop();
  await rm(directory, { recursive: true, force: true });
}
