import type { CommandRunner } from "@agentscope-runtime/core/adapter";

interface Options {
  readonly signal?: AbortSignal;
}

export interface SandboxFileEntry {
  readonly path: string;
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly size?: number;
  readonly modifiedAt: number;
}

/** The part of `Sandbox` of `@agentscope-runtime/sandbox` that is used. */
export interface SandboxLike extends CommandRunner {
  readonly id: string;
  readonly type: string;
  readonly files: {
    read(path: string): Promise<Uint8Array>;
    stream(path: string): AsyncIterable<Uint8Array>;
    write(path: string, data: string | Uint8Array | AsyncIterable<Uint8Array>, options?: Options): Promise<unknown>;
    list(path: string, options?: { readonly depth?: number }): Promise<readonly SandboxFileEntry[]>;
    stat(path: string): Promise<SandboxFileEntry | undefined>;
    move(source: string, destination: string): Promise<unknown>;
    remove(path: string): Promise<void>;
    mkdir(path: string): Promise<boolean>;
  };
}
