import type { Duplex } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import { collectOutput } from "../exec.ts";
import type { Command, CommandResult, ExecEvent, ExecOptions } from "../exec.ts";
import type { CellOptions, CellResult } from "../ipython.ts";
import type { SandboxEnd } from "../sandbox-end.ts";
import type { SandboxHistory } from "../sandbox-history.ts";
import type { SandboxFiles } from "../sandbox-files.ts";
import type { AddMcpServersOptions, McpServerConfig, McpToolResult, SandboxTool } from "../sandbox-tool.ts";
import type { Sandbox } from "../sandbox.ts";
import type { CellKernel } from "./cell-kernel.ts";
import { callLocalTool, genericTools, toSandboxTool } from "./generic-tools.ts";
import type { LocalTool } from "./generic-tools.ts";
import { LocalCells } from "./local-cells.ts";
import type { LocalLifetime } from "./local-lifetime.ts";

/** A sandbox of this machine's. */
export interface LocalSandbox extends Sandbox, AsyncDisposable {
  /** Ends all that runs, and every later call, with this reason. Disposing ends it as `disposed`. */
  end(end: SandboxEnd): Promise<void>;
}

/** MCP servers, and their tools. */
export interface SandboxServers {
  readonly tools: readonly SandboxTool[];
  add(servers: Readonly<Record<string, McpServerConfig>>, options?: AddMcpServersOptions): Promise<void>;
  /** Undefined when none has such a tool. */
  call(
    name: string,
    toolArguments: Readonly<Record<string, unknown>>,
    options: CallOptions,
  ): Promise<McpToolResult | undefined>;
  close(): Promise<void>;
}

/** What a sandbox is put together of. */
export interface SandboxParts {
  readonly id: string;
  readonly type: string;
  readonly lifetime: LocalLifetime;
  readonly files: SandboxFiles;
  readonly history: SandboxHistory;
  /** Beside those for the shell and for Python. */
  readonly tools: readonly LocalTool[];
  readonly servers: SandboxServers;
  /** A program, or a command line. */
  exec(command: Command | string, options: ExecOptions): AsyncIterable<ExecEvent>;
  startKernel(): CellKernel;
  connect(port: number, options?: CallOptions): Promise<Duplex>;
  /** Ends what may still run when the kernel and the servers are gone. */
  killRest(): Promise<void>;
}

/** A sandbox, of parts that each can do one thing. */
export class ComposedSandbox implements LocalSandbox {
  readonly #parts: SandboxParts;
  readonly #cells: LocalCells;
  readonly #tools: readonly LocalTool[];
  #ending: Promise<void> | undefined;

  constructor(parts: SandboxParts) {
    this.#parts = parts;
    this.#cells = new LocalCells(parts.lifetime, () => parts.startKernel());
    this.#tools = [...genericTools(this), ...parts.tools];
  }

  get id(): string {
    return this.#parts.id;
  }

  get type(): string {
    return this.#parts.type;
  }

  get files(): SandboxFiles {
    return this.#parts.files;
  }

  get history(): SandboxHistory {
    return this.#parts.history;
  }

  exec(command: Command, options: ExecOptions = {}): AsyncIterable<ExecEvent> {
    return this.#parts.exec(command, options);
  }

  async runShellCommand(command: string, options: ExecOptions = {}): Promise<CommandResult> {
    return collectOutput(this.#parts.exec(command, options));
  }

  async runIpythonCell(code: string, options?: CellOptions): Promise<CellResult> {
    return this.#cells.run(code, options);
  }

  async restartKernel(options?: CallOptions): Promise<void> {
    await this.#cells.restart(options);
  }

  async listTools(options?: CallOptions): Promise<readonly SandboxTool[]> {
    this.#parts.lifetime.assertOpen(options);
    return [...this.#tools.map(toSandboxTool), ...this.#parts.servers.tools];
  }

  async callTool(name: string, toolArguments: unknown, options: CallOptions = {}): Promise<McpToolResult> {
    const { lifetime, servers } = this.#parts;
    lifetime.assertOpen(options);
    const own = this.#tools.find((tool) => tool.name === name);
    if (own !== undefined) return callLocalTool(own, toolArguments, options);
    const given = toolArguments ?? {};
    if (typeof given !== "object" || Array.isArray(given)) {
      throw new RuntimeError("invalid_argument", `The arguments of ${name} are no object.`);
    }
    const result = await servers.call(name, { ...given }, options);
    if (result !== undefined) return result;
    const names = [...this.#tools, ...servers.tools].map((tool) => tool.name).join(", ");
    throw new RuntimeError("not_found", `There is no tool ${JSON.stringify(name)}; there are: ${names}.`);
  }

  async addMcpServers(
    servers: Readonly<Record<string, McpServerConfig>>,
    options?: AddMcpServersOptions,
  ): Promise<void> {
    this.#parts.lifetime.assertOpen(options);
    await this.#parts.servers.add(servers, options);
  }

  async connect(port: number, options: CallOptions = {}): Promise<Duplex> {
    this.#parts.lifetime.assertOpen(options);
    return this.#parts.connect(port, options);
  }

  async end(end: SandboxEnd): Promise<void> {
    this.#ending ??= (async () => {
      const { lifetime, servers } = this.#parts;
      lifetime.end(end);
      await Promise.all([this.#cells.kill(), servers.close()]);
      await this.#parts.killRest();
    })();
    await this.#ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end({ reason: "disposed", message: "It was disposed." });
  }
}
