import { Child } from "./child.ts";
import type { ProbeQuestion, ProcessSample } from "./process-sample.ts";

/**
 * `bare` is the raw limit, `ours` the workload app, `express` a named peer; `doors` is the workload app with every protocol in
 * front, `adapters` an app of frameworks' streams, and `a2a-sdk` A2A's own server. The last three are the workload app with its
 * history and its runs kept: in its process, on Postgres, on Redis.
 */
export type ServerName = "bare" | "ours" | "express" | "doors" | "adapters" | "a2a-sdk" | Kept;

/** Where a workload app keeps what it keeps. */
type Kept = "history" | "postgres" | "redis";

export interface ServerOptions {
  /** Writes a CPU profile into this directory when the server ends. */
  readonly profileDirectory?: string | undefined;
  readonly signal: AbortSignal;
  /** The workload app's STORE. */
  readonly store?: string | undefined;
}

const workload = new URL("../../../apps/workload/src/main.ts", import.meta.url);
const files: Readonly<Record<ServerName, URL>> = {
  bare: new URL("servers/bare.ts", import.meta.url),
  ours: workload,
  express: new URL("servers/express.ts", import.meta.url),
  doors: workload,
  adapters: new URL("servers/adapters.ts", import.meta.url),
  "a2a-sdk": new URL("servers/a2a-sdk.ts", import.meta.url),
  history: workload,
  postgres: workload,
  redis: workload,
};
const probe = new URL("server-probe.ts", import.meta.url);
const startMs = 30_000;
const answerMs = 30_000;

/** A server in a process of its own, on loopback and on any free port. */
export class ServerUnderTest implements AsyncDisposable {
  readonly name: ServerName;
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly #child: Child;

  private constructor(name: ServerName, url: string, child: Child) {
    this.name = name;
    this.url = url;
    this.#child = child;
  }

  /** Resolves when it listens. */
  static async start(
    name: ServerName,
    { profileDirectory, signal, store = "" }: ServerOptions,
  ): Promise<ServerUnderTest> {
    const profile = profileDirectory === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDirectory}`];
    const child = new Child(files[name], {
      nodeArguments: ["--expose-gc", `--import=${probe.href}`, ...profile],
      environment: {
        PORT: "0",
        HOST: "127.0.0.1",
        NODE_ENV: "production",
        STORE: store,
        DOORS: name === "doors" ? "all" : "",
      },
      signal,
    });
    try {
      return new ServerUnderTest(name, await child.printed(/listens on (http:\S+)/, startMs), child);
    } catch (thrown) {
      await child[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** What the process has used so far; with `collect`, after collecting its garbage. */
  async sample(question: ProbeQuestion = { collect: false }): Promise<ProcessSample> {
    this.#child.send(question);
    return (await this.#child.receive(answerMs)) as ProcessSample; // The probe answers nothing else.
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}
