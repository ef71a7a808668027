import type { CommandRunner, RunningOptions } from "@agentscope-runtime/core/adapter";

interface Options {
  readonly signal?: AbortSignal;
}

interface Entry {
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly size?: number;
}

/** The part of `Sandbox` of `@agentscope-runtime/sandbox` that is used. */
export interface SandboxLike extends CommandRunner {
  readonly type: string;
  readonly files: {
    read(path: string, options?: Options): Promise<Uint8Array>;
    stream(path: string, options?: Options): AsyncIterable<Uint8Array>;
    write(path: string, data: Uint8Array | AsyncIterable<Uint8Array>, options?: Options): Promise<unknown>;
    list(path: string, options?: Options): Promise<readonly Entry[]>;
    stat(path: string, options?: Options): Promise<Entry | undefined>;
    remove(path: string, options?: Options): Promise<void>;
  };
  runShellCommand(
    command: string,
    options?: RunningOptions,
  ): Promise<{
    readonly stdout: string;
    readonly stderr: string;
    readonly exitCode: number;
    readonly stopped?: string;
  }>;
}
