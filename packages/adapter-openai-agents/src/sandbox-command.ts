import type { RunningOptions } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { SandboxLike } from "./sandbox-like.ts";

export interface CommandOptions extends Omit<RunningOptions, "stdin"> {
  /** The shell that reads the line. Default bash, or `/bin/sh` where there is none. */
  readonly shell?: string | undefined;
  /** The shell reads its profile. */
  readonly login?: boolean | undefined;
  /** It can be told more while it runs. */
  readonly isTalking: boolean;
}

/** What a command has said since somebody last asked. */
export interface CommandNews {
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which it came. */
  readonly output: string;
  /** Undefined while it runs. */
  readonly exitCode: number | undefined;
}

const anyShell = 'command -v bash >/dev/null && exec bash "$0" "$1"; exec /bin/sh "$0" "$1"';
/** What a shell says of a command that Ctrl-C has ended. */
const interrupted = 128 + 2;

/** A command line that goes on while the model does something else. */
export class SandboxCommand {
  readonly #stop = new AbortController();
  readonly #input: { readonly stream: ReadableStream<Uint8Array>; readonly say: (text: string) => void } | undefined;
  readonly #ended: Promise<void>;
  #said = { stdout: "", stderr: "", output: "" };
  #exitCode: number | undefined;
  #failure: RuntimeError | undefined;

  constructor(sandbox: SandboxLike, line: string, options: CommandOptions) {
    const { shell, login = false, isTalking, signal, ...running } = options;
    this.#input = isTalking ? openInput() : undefined;
    const flag = login ? "-lc" : "-c";
    const command =
      shell === undefined ? (["/bin/sh", "-c", anyShell, flag, line] as const) : ([shell, flag, line] as const);
    const signals = signal === undefined ? [this.#stop.signal] : [this.#stop.signal, signal];
    const events = sandbox.exec(command, {
      ...running,
      ...(this.#input && { stdin: this.#input.stream }),
      signal: AbortSignal.any(signals),
    });
    this.#ended = this.#follow(events);
  }

  /** Takes what was said since the last time, once the command has ended or the time is over. Rejects when it could not run. */
  async news(waitMs: number): Promise<CommandNews> {
    await this.#wait(waitMs);
    if (this.#failure !== undefined) throw this.#failure;
    const news = { ...this.#said, exitCode: this.#exitCode };
    this.#said = { stdout: "", stderr: "", output: "" };
    return news;
  }

  /** False when it reads nothing. */
  say(text: string): boolean {
    this.#input?.say(text);
    return this.#input !== undefined;
  }

  /** Resolves when the command is gone. */
  async interrupt(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  async #wait(ms: number): Promise<void> {
    const timer = Promise.withResolvers<undefined>();
    const timeout = setTimeout(() => {
      timer.resolve(undefined);
    }, ms);
    await Promise.race([this.#ended, timer.promise]);
    clearTimeout(timeout);
  }

  /** Never rejects: whoever asks for news hears of a failure. */
  async #follow(events: ReturnType<SandboxLike["exec"]>): Promise<void> {
    try {
      for await (const event of events) {
        if (event.type === "exit") this.#end(event.exitCode, event.stopped);
        else {
          this.#said[event.type] += event.text;
          this.#said.output += event.text;
        }
      }
    } catch (thrown) {
      if (this.#stop.signal.aborted) this.#end(interrupted, "interrupt");
      else this.#failure = RuntimeError.from(thrown);
    }
  }

  #end(exitCode: number, stopped: string | undefined): void {
    this.#exitCode = exitCode;
    if (stopped !== undefined) this.#said.output += `\nThe process was stopped: ${stopped}.`;
  }
}

function openInput(): { readonly stream: ReadableStream<Uint8Array>; readonly say: (text: string) => void } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const stream = new ReadableStream<Uint8Array>({
    start: (made) => {
      controller = made;
    },
    cancel: () => {
      controller = undefined;
    },
  });
  const encoder = new TextEncoder();
  return { stream, say: (text) => controller?.enqueue(encoder.encode(text)) };
}
