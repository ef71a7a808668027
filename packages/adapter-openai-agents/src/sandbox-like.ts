interface Options {
  readonly signal?: AbortSignal;
}

export interface RunningOptions extends Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly timeoutMs?: number;
}

interface SandboxEntry {
  readonly path: string;
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly size?: number;
}

/** The part of `Sandbox` of `@agentscope-runtime/sandbox` that is used. */
export interface SandboxLike {
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
  exec(
    command: readonly [program: string, ...programArguments: string[]],
    options?: RunningOptions,
  ): AsyncIterable<
    | { readonly type: "stdout" | "stderr"; readonly text: string }
    | { readonly type: "exit"; readonly exitCode: number; readonly stopped?: string }
  >;
}

/** The part of a `SandboxLease` that is used. */
export interface SandboxLeaseLike extends AsyncDisposable {
  readonly sandbox: SandboxLike;
}
