import { once } from "node:events";
import type { Duplex } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { Command, CommandResult, ExecEvent, ExecOptions } from "./exec.ts";
import type { CellOptions, CellResult } from "./ipython.ts";
import type { ManagedSandbox } from "./managed-sandbox.ts";
import type { SandboxFiles } from "./sandbox-files.ts";
import type { SandboxHistory } from "./sandbox-history.ts";
import type { AddMcpServersOptions, McpServerConfig, McpToolResult, SandboxTool } from "./sandbox-tool.ts";
import type { Sandbox } from "./sandbox.ts";

/**
 * A managed sandbox as one lease sees it. Each call keeps the sandbox awake while it lasts; once the lease is given back, every
 * call rejects.
 */
export class LeasedSandbox implements Sandbox {
  readonly #managed: ManagedSandbox;
  readonly #lease: AbortSignal;
  readonly files: SandboxFiles;
  readonly history: SandboxHistory;

  /** @param lease - aborts when the lease is given back */
  constructor(managed: ManagedSandbox, lease: AbortSignal) {
    this.#managed = managed;
    this.#lease = lease;
    this.files = {
      read: (path, options) => this.#use((sandbox) => sandbox.files.read(path, options), options),
      readText: (path, options) => this.#use((sandbox) => sandbox.files.readText(path, options), options),
      stream: (path, options) => this.#loop((sandbox) => sandbox.files.stream(path, options), options),
      write: (path, data, options) => this.#use((sandbox) => sandbox.files.write(path, data, options), options),
      writeMany: (files, options) => this.#use((sandbox) => sandbox.files.writeMany(files, options), options),
      list: (path, options) => this.#use((sandbox) => sandbox.files.list(path, options), options),
      stat: (path, options) => this.#use((sandbox) => sandbox.files.stat(path, options), options),
      move: (source, destination, options) =>
        this.#use((sandbox) => sandbox.files.move(source, destination, options), options),
      remove: (path, options) => this.#use((sandbox) => sandbox.files.remove(path, options), options),
      mkdir: (path, options) => this.#use((sandbox) => sandbox.files.mkdir(path, options), options),
      watch: (path, options) => this.#loop((sandbox) => sandbox.files.watch(path, options), options),
    };
    this.history = {
      commit: (message, options) => this.#use((sandbox) => sandbox.history.commit(message, options), options),
      diff: (options) => this.#use((sandbox) => sandbox.history.diff(options), options),
      log: (options) => this.#use((sandbox) => sandbox.history.log(options), options),
    };
  }

  get id(): string {
    return this.#managed.id;
  }

  get type(): string {
    return this.#managed.type;
  }

  exec(command: Command, options?: ExecOptions): AsyncIterable<ExecEvent> {
    return this.#loop((sandbox) => sandbox.exec(command, options), options);
  }

  async runShellCommand(command: string, options?: ExecOptions): Promise<CommandResult> {
    return this.#use((sandbox) => sandbox.runShellCommand(command, options), options);
  }

  async runIpythonCell(code: string, options?: CellOptions): Promise<CellResult> {
    return this.#use((sandbox) => sandbox.runIpythonCell(code, options), options);
  }

  async restartKernel(options?: CallOptions): Promise<void> {
    return this.#use((sandbox) => sandbox.restartKernel(options), options);
  }

  async listTools(options?: CallOptions): Promise<readonly SandboxTool[]> {
    return this.#use((sandbox) => sandbox.listTools(options), options);
  }

  async callTool(name: string, toolArguments: unknown, options?: CallOptions): Promise<McpToolResult> {
    return this.#use((sandbox) => sandbox.callTool(name, toolArguments, options), options);
  }

  async addMcpServers(
    servers: Readonly<Record<string, McpServerConfig>>,
    options?: AddMcpServersOptions,
  ): Promise<void> {
    return this.#use((sandbox) => sandbox.addMcpServers(servers, options), options);
  }

  /** The sandbox stays awake until the connection is closed. */
  async connect(port: number, options?: CallOptions): Promise<Duplex> {
    const { sandbox, leave } = await this.#enter(options);
    try {
      const connection = await sandbox.connect(port, options);
      const closed = once(connection, "close", { signal: this.#lease }).catch(() => connection.destroy());
      void closed.finally(leave);
      return connection;
    } catch (thrown) {
      leave();
      throw thrown;
    }
  }

  async #use<T>(call: (sandbox: Sandbox) => Promise<T>, options?: CallOptions): Promise<T> {
    const { sandbox, leave } = await this.#enter(options);
    try {
      return await call(sandbox);
    } finally {
      leave();
    }
  }

  async *#loop<T>(
    open: (sandbox: Sandbox) => AsyncIterable<T>,
    options?: CallOptions,
  ): AsyncGenerator<T, void, undefined> {
    const { sandbox, leave } = await this.#enter(options);
    try {
      yield* open(sandbox);
    } finally {
      leave();
    }
  }

  async #enter(options?: CallOptions): ReturnType<ManagedSandbox["enter"]> {
    options?.signal?.throwIfAborted();
    if (this.#lease.aborted) {
      throw new RuntimeError("not_found", `The lease of sandbox ${this.id} was given back: connect again.`);
    }
    return this.#managed.enter(options);
  }
}
