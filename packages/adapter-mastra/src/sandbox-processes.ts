import { ProcessHandle, SandboxProcessManager } from "@mastra/core/workspace";
import type { CommandResult, ProcessInfo, SpawnProcessOptions } from "@mastra/core/workspace";
import type { SandboxLike } from "./sandbox-like.ts";

export interface SandboxProcessesOptions {
  readonly sandbox: SandboxLike;
  /** How long a command may take that says nothing of it, in milliseconds. */
  readonly timeoutMs: number;
}

/** As `runShellCommand` of a sandbox does. */
const shell = 'command -v bash >/dev/null && exec bash -c "$1"; exec /bin/sh -c "$1"';
/** What a shell says of a command that was killed. */
const killed = 128 + 9;
/** What `timeout` says of a command that took too long. */
const late = 124;

/** Command lines of Mastra's in a sandbox of ours. */
export class SandboxProcesses extends SandboxProcessManager {
  readonly #sandbox: SandboxLike;
  readonly #timeoutMs: number;
  readonly #processes = new Map<string, SandboxProcess>();
  #started = 0;

  constructor({ sandbox, timeoutMs }: SandboxProcessesOptions) {
    super();
    this.#sandbox = sandbox;
    this.#timeoutMs = timeoutMs;
  }

  override async spawn(command: string, options: SpawnProcessOptions = {}): Promise<ProcessHandle> {
    this.#started += 1;
    const process = new SandboxProcess({
      sandbox: this.#sandbox,
      pid: String(this.#started),
      command,
      options: { ...options, timeout: options.timeout ?? this.#timeoutMs },
    });
    this.#processes.set(process.pid, process);
    return process;
  }

  override async list(): Promise<ProcessInfo[]> {
    return Array.from(this.#processes.values(), ({ pid, command, exitCode }) => ({
      pid,
      running: exitCode === undefined,
      ...(command !== undefined && { command }),
      ...(exitCode !== undefined && { exitCode }),
    }));
  }

  /** One that has ended is told once, with what it said. */
  override async get(pid: string): Promise<ProcessHandle | undefined> {
    const process = this.#processes.get(pid);
    if (process?.exitCode !== undefined) this.#processes.delete(pid);
    return process;
  }

  override release(pid: string): void {
    this.#processes.delete(pid);
    super.release(pid);
  }
}

interface NewProcess {
  readonly sandbox: SandboxLike;
  readonly pid: string;
  readonly command: string;
  readonly options: SpawnProcessOptions & { readonly timeout: number };
}

class SandboxProcess extends ProcessHandle {
  readonly pid: string;
  exitCode: number | undefined;
  readonly #stop = new AbortController();
  readonly #input: WritableStreamDefaultWriter<Uint8Array> | undefined;
  readonly #ended: Promise<CommandResult>;

  constructor({ sandbox, pid, command, options }: NewProcess) {
    super(options);
    this.pid = pid;
    const input = options.stdinMode === "ignore" ? undefined : new TransformStream<Uint8Array, Uint8Array>();
    this.#input = input?.writable.getWriter();
    const env = Object.entries(options.env ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const events = sandbox.exec(["/bin/sh", "-c", shell, "sh", command], {
      timeoutMs: options.timeout,
      env: Object.fromEntries(env),
      signal: this.#stop.signal,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      ...(input && { stdin: input.readable }),
    });
    this.#ended = this.#follow(events);
    this.#ended.catch(() => undefined); // Whoever waits hears of it.
  }

  /** Rejects when the command could not begin, or when the sandbox has ended. */
  override async wait(): Promise<CommandResult> {
    return this.#ended;
  }

  async kill(): Promise<boolean> {
    if (this.exitCode !== undefined) return false;
    this.#stop.abort();
    await this.#ended.catch(() => undefined);
    return true;
  }

  async sendStdin(data: string): Promise<void> {
    await this.#open().write(new TextEncoder().encode(data));
  }

  override async closeStdin(): Promise<void> {
    await this.#open().close();
  }

  #open(): WritableStreamDefaultWriter<Uint8Array> {
    if (this.exitCode !== undefined) throw new Error(`The process ${this.pid} has ended.`);
    if (this.#input === undefined) throw new Error(`The process ${this.pid} reads nothing.`);
    return this.#input;
  }

  async #follow(events: ReturnType<SandboxLike["exec"]>): Promise<CommandResult> {
    const began = Date.now();
    let stopped: string | undefined;
    try {
      for await (const event of events) {
        if (event.type === "exit") {
          ({ stopped } = event);
          this.exitCode = stopped === "timeout" ? late : event.exitCode;
        } else if (event.type === "stdout") this.emitStdout(event.text);
        else this.emitStderr(event.text);
      }
    } catch (thrown) {
      this.exitCode = killed;
      if (!this.#stop.signal.aborted) throw thrown;
    } finally {
      // Whoever still writes hears that nobody reads.
      this.#input?.abort(new Error(`The process ${this.pid} has ended.`)).catch(() => undefined);
    }
    this.exitCode ??= killed;
    if (stopped !== undefined) this.emitStderr(`\nThe command was stopped: ${stopped}.`);
    return {
      success: this.exitCode === 0,
      exitCode: this.exitCode,
      stdout: this.stdout,
      stderr: this.stderr,
      executionTimeMs: Date.now() - began,
      killed: this.#stop.signal.aborted || stopped !== undefined,
      timedOut: stopped === "timeout",
    };
  }
}
