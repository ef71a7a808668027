import type { CallOptions } from "@agentscope-runtime/services";

/** A program and its arguments; no shell reads them. */
export type Command = readonly [program: string, ...programArguments: string[]];

/** What one command may use up. What is left out is bounded by the sandbox alone. */
export interface ExecLimits {
  /** Processor seconds. */
  readonly cpuSeconds?: number;
  /** Address space of each of its processes, in bytes. */
  readonly memoryBytes?: number;
  /** The largest file it may write, in bytes. */
  readonly fileBytes?: number;
}

export interface ExecOptions extends CallOptions {
  /** Default the workspace; relative paths start there. */
  readonly cwd?: string;
  /** Added to the sandbox's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads. Default nothing: it sees the end at once. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** After this many milliseconds the command and all its children are killed. Default 60,000. */
  readonly timeoutMs?: number;
  /** What it may print, stdout and stderr together, in bytes; at more it is killed. Default 16 MiB. */
  readonly maxOutputBytes?: number;
  readonly limits?: ExecLimits;
}

/** Why a command did not end by itself. */
export type ExecStop = "timeout" | "output_limit" | "out_of_memory";

/**
 * What a command says, in the order in which it came. Bytes are read as UTF-8; what is none becomes U+FFFD, so binary data goes
 * through files. The last event is `exit`.
 */
export type ExecEvent =
  | { readonly type: "stdout"; readonly text: string }
  | { readonly type: "stderr"; readonly text: string }
  | {
      readonly type: "exit";
      /** As a shell says it: 128 and the signal's number for a command that a signal ended. */
      readonly exitCode: number;
      readonly stopped?: ExecStop;
    };

/** A command that has ended. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  readonly stopped?: ExecStop;
}

/** Waits for a command and puts together what it said. */
export async function collectOutput(events: AsyncIterable<ExecEvent>): Promise<CommandResult> {
  const said = { stdout: "", stderr: "" };
  for await (const event of events) {
    if (event.type !== "exit") said[event.type] += event.text;
    else {
      const { type: _, ...end } = event;
      return { ...said, ...end };
    }
  }
  throw new TypeError("The command's events have no exit.");
}

/** A command line for bash, or for `/bin/sh` where there is no bash. */
export function shellCommand(line: string): Command {
  return ["/bin/sh", "-c", 'command -v bash >/dev/null && exec bash -c "$1"; exec /bin/sh -c "$1"', "sh", line];
}
