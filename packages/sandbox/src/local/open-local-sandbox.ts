import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import type { Duplex } from "node:stream";
import type { CallOptions } from "@agentscope-runtime/services";
import { ComposedSandbox } from "./composed-sandbox.ts";
import type { LocalSandbox } from "./composed-sandbox.ts";
import { connectPort } from "./connect-port.ts";
import { execLocally } from "./exec-locally.ts";
import type { LocalTool } from "./generic-tools.ts";
import { Kernel } from "./kernel.ts";
import { killMarked } from "./kill-marked.ts";
import { launchHere } from "./launch-here.ts";
import { launchThroughShell } from "./launch-through-shell.ts";
import type { Spawn } from "./launcher.ts";
import { LocalFiles } from "./local-files.ts";
import { LocalHistory } from "./local-history.ts";
import { LocalLifetime } from "./local-lifetime.ts";
import { McpServers } from "./mcp-servers.ts";
import type { SandboxFiles } from "../sandbox-files.ts";
import { inDialect } from "./tool-dialect.ts";
import type { ToolDialect } from "./tool-dialect.ts";

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
  /** Puts walls around every process that it starts. Default: processes run as this one does. */
  readonly spawn?: Spawn;
  /** All that processes get. `HOME`, `PATH` and `LANG` have defaults. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A Python that has IPython. Default `python3`. */
  readonly python?: string;
  /** Beside those for the shell and for Python. */
  readonly tools?: (files: SandboxFiles) => readonly LocalTool[];
  /** How the tools of MCP servers are shown and called. Default as they are. */
  readonly dialect?: ToolDialect;
  /** Closed with it, last first. */
  readonly resources?: readonly AsyncDisposable[];
  /** Reaches a port of the sandbox's loopback, where that is not this machine's. */
  readonly connect?: (port: number, options?: CallOptions) => Promise<Duplex>;
}

/**
 * Makes a directory of this machine a sandbox: commands, Python cells, files, history, MCP servers and ports. It puts no walls
 * around them: `spawn` may, or the container in which this runs.
 *
 * @example
 * ```ts
 * await using sandbox = await openLocalSandbox({ id: "box", type: "base", root: "/workspace" });
 * ```
 */
export async function openLocalSandbox(options: LocalSandboxOptions): Promise<LocalSandbox> {
  const { id, type, root, workspacePath = root, python = "python3" } = options;
  const { owner, historyPath = `${workspacePath}.history`, dialect, resources = [] } = options;
  await mkdir(root, { recursive: true });
  const lifetime = new LocalLifetime(id);
  const environment = { HOME: workspacePath, PATH: defaultPath, LANG: "C.UTF-8", ...options.environment };
  const launch = options.spawn === undefined ? launchHere : launchThroughShell(options.spawn);
  const place = { launch, workspacePath, environment, mark: randomUUID(), lifetime };
  const files = new LocalFiles({ root, path: workspacePath, owner }, lifetime);
  const servers = new McpServers(place);
  return new ComposedSandbox({
    id,
    type,
    lifetime,
    files,
    history: new LocalHistory(place, historyPath),
    tools: options.tools?.(files) ?? [],
    servers: dialect === undefined ? servers : inDialect(servers, dialect),
    exec: (command, execOptions) => execLocally(place, command, execOptions),
    startKernel: () => new Kernel(place, python),
    connect: options.connect ?? (async (port, { signal } = {}) => connectPort(port, lifetime, signal)),
    killRest: async () => {
      for (const resource of resources.toReversed()) await resource[Symbol.asyncDispose]();
      await killMarked(undefined, place.mark);
    },
  });
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
