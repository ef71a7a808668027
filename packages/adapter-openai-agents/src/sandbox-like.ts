import type { CommandRunner } from "@agentscope-runtime/core/adapter";

interface Options {
  readonly signal?: AbortSignal;
}

interface SandboxEntry {
  readonly path: string;
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly size?: number;
}

/** The part of `Sandbox` of `@agentscope-runtime/sandbox` that is used. */
export interface SandboxLike extends CommandRunner {
  readonly id: string;
  readonly files: {
    read(path: string, options?: Options): Promise<Uint8Array>;
    readText(path: string, options?: Options): Promise<string>;
    write(path: string, data: string | Uint8Array, options?: Options): Promise<unknown>;
    list(path: string, options?: Options): Promise<readonly SandboxEntry[]>;
    stat(path: string, options?: Options): Promise<SandboxEntry | undefined>;
    remove(path: string, options?: Options): Promise<void>;
    mkdir(path: string, options?: Options): Promise<boolean>;
  };
}

/** The part of a `SandboxLease` that is used. */
export interface SandboxLeaseLike extends AsyncDisposable {
  readonly sandbox: SandboxLike;
}
