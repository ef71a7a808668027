import type { CommandRunner } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";

/** The part of `Sandbox` of `@agentscope-runtime/sandbox` that is used. */
export interface SandboxLike extends CommandRunner {
  readonly id: string;
  readonly files: {
    read(path: string): Promise<Uint8Array>;
    write(path: string, data: Uint8Array): Promise<unknown>;
  };
}

export interface ToDeepAgentsSandboxOptions {
  /** How long a command may take, in milliseconds. Default: the sandbox's own. */
  readonly timeoutMs?: number;
}

/** How a transfer of a file failed, in the words of deepagents. */
export type DeepAgentsFileError = "file_not_found" | "permission_denied" | "is_directory" | "invalid_path";

/** What a sandbox of deepagents has to do itself; the rest its `BaseSandbox` makes of it. */
export interface DeepAgentsSandbox {
  readonly id: string;
  execute(command: string): Promise<{ output: string; exitCode: number | null; truncated: boolean }>;
  uploadFiles(files: [string, Uint8Array][]): Promise<{ path: string; error: DeepAgentsFileError | null }[]>;
  downloadFiles(
    paths: string[],
  ): Promise<{ path: string; content: Uint8Array | null; error: DeepAgentsFileError | null }[]>;
}

/**
 * A sandbox as the `backend` of deepagents: its files and commands are the sandbox's. Hand over the `BaseSandbox` of your deepagents,
 * which this package does not load. Relative paths are those of the sandbox's workspace. The sandbox stays yours.
 *
 * @example
 * ```ts
 * const agent = createDeepAgent({ model, backend: toDeepAgentsSandbox(BaseSandbox, sandbox) });
 * ```
 */
export function toDeepAgentsSandbox<Base extends object>(
  BaseSandbox: abstract new () => Base,
  sandbox: SandboxLike,
  options: ToDeepAgentsSandboxOptions = {},
): Base & DeepAgentsSandbox {
  // What is abstract in the class is what follows.
  const base = new (BaseSandbox as new () => Base)();
  const own: DeepAgentsSandbox = {
    id: sandbox.id,
    execute: async (command) => execute(sandbox, command, options),
    uploadFiles: async (files) =>
      eachOf(files, async ([path, data]) => ({ path, error: (await attempt(sandbox.files.write(path, data))).error })),
    downloadFiles: async (paths) =>
      eachOf(paths, async (path) => {
        const { value = null, error } = await attempt(sandbox.files.read(path));
        return { path, content: value, error };
      }),
  };
  return Object.assign(base, own);
}

/** Output and errors as they came, between each other. */
async function execute(
  sandbox: SandboxLike,
  command: string,
  options: ToDeepAgentsSandboxOptions,
): ReturnType<DeepAgentsSandbox["execute"]> {
  let output = "";
  for await (const event of sandbox.exec(["/bin/sh", "-c", command], options)) {
    if (event.type !== "exit") {
      output += event.text;
      continue;
    }
    const { exitCode, stopped } = event;
    const why = stopped === undefined ? "" : `\n[The command was stopped: ${stopped}.]`;
    return { output: output + why, exitCode, truncated: stopped === "output_limit" };
  }
  throw new RuntimeError("internal", "The command's events have no exit.");
}

async function eachOf<From, To>(items: readonly From[], change: (item: From) => Promise<To>): Promise<To[]> {
  const changed: To[] = [];
  for (const item of items) changed.push(await change(item));
  return changed;
}

/** Failures that deepagents has a word for are answers, others reject. */
async function attempt<T>(work: Promise<T>): Promise<{ value?: T; error: DeepAgentsFileError | null }> {
  try {
    return { value: await work, error: null };
  } catch (thrown) {
    const error = RuntimeError.is(thrown) ? words.get(thrown.code) : undefined;
    if (error === undefined) throw thrown;
    return { error };
  }
}

const words = new Map<string, DeepAgentsFileError>([
  ["not_found", "file_not_found"],
  ["permission_denied", "permission_denied"],
  ["invalid_argument", "is_directory"],
]);
