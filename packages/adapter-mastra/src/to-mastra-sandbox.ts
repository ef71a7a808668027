import { MastraSandbox } from "@mastra/core/workspace";
import type { ProviderStatus, SandboxFileInput, WriteFilesOptions } from "@mastra/core/workspace";
import { SandboxProcesses } from "./sandbox-processes.ts";
import type { SandboxLike } from "./sandbox-like.ts";

export interface ToMastraSandboxOptions {
  /** How long one command may take that names no timeout of its own, in milliseconds. Default ten minutes. */
  readonly timeoutMs?: number;
  /** For the model. Default: what kind of sandbox it is. */
  readonly instructions?: string;
}

const tenMinutes = 10 * 60_000;

/**
 * A sandbox of ours as the `sandbox` of a workspace of Mastra's: its commands, its background processes and bulk writes. Stopping and
 * destroying it does nothing: the sandbox stays its owner's.
 *
 * @example
 * ```ts
 * const workspace = new Workspace({ sandbox: toMastraSandbox(sandbox), filesystem: toMastraFilesystem(sandbox) });
 * ```
 */
export function toMastraSandbox(sandbox: SandboxLike, options: ToMastraSandboxOptions = {}): MastraSandbox {
  return new WorkspaceSandbox(sandbox, options);
}

class WorkspaceSandbox extends MastraSandbox {
  readonly id: string;
  readonly name = "AgentScope Runtime";
  readonly provider = "agentscope-runtime";
  status: ProviderStatus = "pending";
  readonly #sandbox: SandboxLike;
  readonly #instructions: string;

  constructor(sandbox: SandboxLike, { timeoutMs = tenMinutes, instructions }: ToMastraSandboxOptions) {
    super({ name: "AgentScope Runtime", processes: new SandboxProcesses({ sandbox, timeoutMs }) });
    this.id = sandbox.id;
    this.#sandbox = sandbox;
    this.#instructions =
      instructions ?? `An isolated ${sandbox.type} sandbox. Commands begin in its workspace; paths are relative to it.`;
  }

  /** It runs already. */
  override async start(): Promise<void> {
    this.status = "running";
  }

  override getInstructions(): string {
    return this.#instructions;
  }

  override async writeFiles(files: SandboxFileInput[], { abortSignal }: WriteFilesOptions = {}): Promise<void> {
    for (const { path, content, mode } of files) {
      await this.#sandbox.files.write(path, content, abortSignal && { signal: abortSignal });
      if (mode !== undefined) await this.executeCommand?.("chmod", [mode.toString(8), "--", path]);
    }
  }
}
