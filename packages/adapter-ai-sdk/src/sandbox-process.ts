import type { RunningOptions } from "@agentscope-runtime/core/adapter";
import type { SandboxLike } from "./sandbox-like.ts";

/** A command that goes on while the caller does something else. */
export interface AiSdkSandboxProcess {
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** Rejects when the process could not begin, or was aborted. */
  wait(): Promise<{ exitCode: number }>;
  kill(): Promise<void>;
}

export interface AiSdkWritableProcess extends AiSdkSandboxProcess {
  readonly stdin: WritableStream<Uint8Array>;
}

export interface StartOptions extends Omit<RunningOptions, "stdin"> {
  readonly command: string;
  readonly stdin: boolean;
}

/** As `runShellCommand` does. */
const shell = 'command -v bash >/dev/null && exec bash -c "$1"; exec /bin/sh -c "$1"';
/** What a shell says of a command that was killed. */
const killed = 128 + 9;

/** Starts a command line. It waits for a reader only while neither of its outputs is read. */
export function startProcess(
  sandbox: SandboxLike,
  { command, stdin, signal, ...options }: StartOptions,
): AiSdkSandboxProcess | AiSdkWritableProcess {
  const stop = new AbortController();
  const input = stdin ? new TransformStream<Uint8Array, Uint8Array>() : undefined;
  const outputs = { stdout: new Output(), stderr: new Output() };
  const running = follow(
    sandbox.exec(["/bin/sh", "-c", shell, "sh", command], {
      ...options,
      ...(input && { stdin: input.readable }),
      signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    }),
    outputs,
  );
  const ended = running.catch((thrown: unknown) => {
    if (stop.signal.aborted) return { exitCode: killed };
    throw thrown;
  });
  ended.catch(() => undefined); // Whoever waits hears of it.
  const started = {
    stdout: outputs.stdout.stream,
    stderr: outputs.stderr.stream,
    wait: async () => ended,
    kill: async () => {
      stop.abort();
      await ended.catch(() => undefined);
    },
  };
  return input === undefined ? started : { ...started, stdin: input.writable };
}

async function follow(
  events: ReturnType<SandboxLike["exec"]>,
  { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output },
): Promise<{ exitCode: number }> {
  const outputs = { stdout, stderr };
  let exitCode = killed;
  try {
    for await (const event of events) {
      if (event.type === "exit") exitCode = event.exitCode;
      else {
        outputs[event.type].write(event.text);
        const wanted = [stdout, stderr].filter(({ isWanted }) => isWanted);
        if (wanted.length > 0 && wanted.every(({ isFull }) => isFull)) {
          await Promise.race(wanted.map(async (output) => output.read()));
        }
      }
    }
  } finally {
    // Also after an abort: what was printed before can still be read.
    stdout.end();
    stderr.end();
  }
  return { exitCode };
}

const encoder = new TextEncoder();

/** One of a process's outputs. What nobody wants is dropped. */
class Output {
  readonly stream: ReadableStream<Uint8Array>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #wanted = Promise.withResolvers<undefined>();
  #canceled = false;

  constructor() {
    this.stream = new ReadableStream({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#wanted.resolve(undefined);
      },
      cancel: () => {
        this.#canceled = true;
        this.#wanted.resolve(undefined);
      },
    });
  }

  get isWanted(): boolean {
    return !this.#canceled;
  }

  get isFull(): boolean {
    return (this.#controller?.desiredSize ?? 0) <= 0;
  }

  /** When somebody reads, or wants no more. */
  async read(): Promise<void> {
    this.#wanted = Promise.withResolvers();
    await this.#wanted.promise;
  }

  write(text: string): void {
    if (!this.#canceled) this.#controller?.enqueue(encoder.encode(text));
  }

  end(): void {
    if (!this.#canceled) this.#controller?.close();
  }
}
