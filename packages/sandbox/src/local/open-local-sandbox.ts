import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
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
import { connectPort } from "./connect-port.ts";
import { execLocally } from "./exec-locally.ts";
import type { LocalPlace } from "./exec-locally.ts";
import { callLocalTool, genericTools, toSandboxTool } from "./generic-tools.ts";
import type { LocalTool } from "./generic-tools.ts";
import { killMarked } from "./kill-marked.ts";
import type { Spawn } from "./launcher.ts";
import { LocalCells } from "./local-cells.ts";
import { LocalFiles } from "./local-files.ts";
import { LocalHistory } from "./local-history.ts";
import { LocalLifetime } from "./local-lifetime.ts";
import { McpServers } from "./mcp-servers.ts";

export interface LocalSandboxOptions {
  readonly id: string;
  readonly type: string;
  /** The workspace's directory. Made when it is not there, and never removed: it is yours. */
  readonly root: string;
  /** The workspace as processes see it, where walls make that another path. Default `root`. */
  readonly workspacePath?: string;
  /** Where git keeps the history, as processes see it; outside of the workspace. Default `root` with `.history` at its end. */
  readonly historyPath?: string;
  /** Whose the files are that are made here, where processes run as another user than this one. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Starts every process: `spawn` of `node:child_process`, or one that puts walls around what it starts. */
  readonly spawn: Spawn;
  /** All that processes get. `HOME`, `PATH` and `LANG` have defaults. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A Python that has IPython. Default `python3`. */
  readonly python?: string;
  /** Beside those for the shell and for Python. */
  readonly tools?: readonly LocalTool[];
  /** Reaches a port of the sandbox's loopback, where that is not this machine's. */
  readonly connect?: (port: number, options?: CallOptions) => Promise<Duplex>;
}

/** A sandbox whose processes run on this machine. */
export interface LocalSandbox extends Sandbox, AsyncDisposable {
  /** Ends all that runs, and every later call, with this reason. Disposing ends it as `disposed`. */
  end(end: SandboxEnd): Promise<void>;
}

/**
 * Makes a directory of this machine a sandbox: commands, Python cells, files, history, MCP servers and ports. It puts no walls
 * around them: `spawn` does, or the container in which this runs.
 *
 * @example
 * ```ts
 * await using sandbox = await openLocalSandbox({ id: "box", type: "base", root: "/workspace", spawn });
 * ```
 */
export async function openLocalSandbox(options: LocalSandboxOptions): Promise<LocalSandbox> {
  const { id, root, workspacePath = root } = options;
  await mkdir(root, { recursive: true });
  const lifetime = new LocalLifetime(id);
  const environment = { HOME: workspacePath, PATH: defaultPath, LANG: "C.UTF-8", ...options.environment };
  const place = { spawn: options.spawn, workspacePath, environment, mark: randomUUID(), lifetime };
  return new OpenLocalSandbox(options, place);
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

class OpenLocalSandbox implements LocalSandbox {
  readonly id: string;
  readonly type: string;
  readonly files: SandboxFiles;
  readonly history: SandboxHistory;
  readonly #place: LocalPlace;
  readonly #cells: LocalCells;
  readonly #servers: McpServers;
  readonly #tools: readonly LocalTool[];
  readonly #connect: LocalSandboxOptions["connect"];
  #ending: Promise<void> | undefined;

  constructor(options: LocalSandboxOptions, place: LocalPlace) {
    const { id, type, root, historyPath = `${place.workspacePath}.history`, python = "python3", tools = [] } = options;
    this.id = id;
    this.type = type;
    this.#place = place;
    this.files = new LocalFiles({ root, path: place.workspacePath, owner: options.owner }, place.lifetime);
    this.history = new LocalHistory(place, historyPath);
    this.#cells = new LocalCells(place, python);
    this.#servers = new McpServers(place);
    this.#tools = [...genericTools(this), ...tools];
    this.#connect = options.connect;
  }

  exec(command: Command, options: ExecOptions = {}): AsyncIterable<ExecEvent> {
    return execLocally(this.#place, command, options);
  }

  async runShellCommand(command: string, options: ExecOptions = {}): Promise<CommandResult> {
    return collectOutput(execLocally(this.#place, command, options));
  }

  async runIpythonCell(code: string, options?: CellOptions): Promise<CellResult> {
    return this.#cells.run(code, options);
  }

  async restartKernel(options?: CallOptions): Promise<void> {
    await this.#cells.restart(options);
  }

  async listTools(options?: CallOptions): Promise<readonly SandboxTool[]> {
    this.#place.lifetime.assertOpen(options);
    return [...this.#tools.map(toSandboxTool), ...this.#servers.tools];
  }

  async callTool(name: string, toolArguments: unknown, options: CallOptions = {}): Promise<McpToolResult> {
    this.#place.lifetime.assertOpen(options);
    const own = this.#tools.find((tool) => tool.name === name);
    if (own !== undefined) return callLocalTool(own, toolArguments, options);
    const given = toolArguments ?? {};
    if (typeof given !== "object" || Array.isArray(given)) {
      throw new RuntimeError("invalid_argument", `The arguments of ${name} are no object.`);
    }
    const result = await this.#servers.call(name, { ...given }, options);
    if (result !== undefined) return result;
    const names = [...this.#tools, ...this.#servers.tools].map((tool) => tool.name).join(", ");
    throw new RuntimeError("not_found", `There is no tool ${JSON.stringify(name)}; there are: ${names}.`);
  }

  async addMcpServers(
    servers: Readonly<Record<string, McpServerConfig>>,
    options?: AddMcpServersOptions,
  ): Promise<void> {
    this.#place.lifetime.assertOpen(options);
    await this.#servers.add(servers, options);
  }

  async connect(port: number, options: CallOptions = {}): Promise<Duplex> {
    this.#place.lifetime.assertOpen(options);
    return this.#connect?.(port, options) ?? connectPort(port, this.#place.lifetime, options.signal);
  }

  async end(end: SandboxEnd): Promise<void> {
    this.#ending ??= (async () => {
      this.#place.lifetime.end(end);
      await Promise.all([this.#cells.kill(), this.#servers.close()]);
      await killMarked(undefined, this.#place.mark);
    })();
    await this.#ending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end({ reason: "disposed", message: "It was disposed." });
  }
}
