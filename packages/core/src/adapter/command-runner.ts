export interface RunningOptions {
  /** Default the workspace. */
  readonly cwd?: string;
  /** Added to the sandbox's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** After this many milliseconds the command is killed. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What a command says, in the order in which it came. The last event is `exit`. */
export type CommandEvent =
  | { readonly type: "stdout" | "stderr"; readonly text: string }
  | { readonly type: "exit"; readonly exitCode: number; readonly stopped?: string };

/**
 * The part of `Sandbox` of `@agentscope-runtime/sandbox` that runs commands: for adapters, which take a sandbox and do not depend on
 * that package.
 */
export interface CommandRunner {
  exec(
    command: readonly [program: string, ...programArguments: string[]],
    options?: RunningOptions,
  ): AsyncIterable<CommandEvent>;
}
