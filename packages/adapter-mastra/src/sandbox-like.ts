interface Options {
  readonly signal?: AbortSignal;
}

export interface RunningOptions extends Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: AsyncIterable<Uint8Array>;
  readonly timeoutMs?: number;
}

export interface SandboxFileEntry {
  readonly path: string;
  readonly name: string;
  readonly type: "file" | "directory" | "link" | "other";
  readonly size?: number;
  readonly modifiedAt: number;
}

/** The part of `Sandbox` of `@agentscope-runtime/sandbox` that is used. */
export interface SandboxLike {
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
  exec(
    command: readonly [program: string, ...programArguments: string[]],
    options?: RunningOptions,
  ): AsyncIterable<
    | { readonly type: "stdout" | "stderr"; readonly text: string }
    | { readonly type: "exit"; readonly exitCode: number; readonly stopped?: string }
  >;
}
