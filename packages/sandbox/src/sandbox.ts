import type { Duplex } from "node:stream";
import type { CallOptions } from "@agentscope-runtime/services";
import type { Command, CommandResult, ExecEvent, ExecOptions } from "./exec.ts";
import type { CellOptions, CellResult } from "./ipython.ts";
import type { SandboxEnd } from "./sandbox-end.ts";
import type { SandboxFiles } from "./sandbox-files.ts";
import type { SandboxHistory } from "./sandbox-history.ts";
import type { AddMcpServersOptions, McpServerConfig, McpToolResult, SandboxTool } from "./sandbox-tool.ts";

/**
 * An isolated place where tools run. This is all that a tool ever sees: nothing here ends, pauses or changes the sandbox itself.
 *
 * What a backend cannot do rejects with `unimplemented` and says so by name. Once the sandbox has ended, every call rejects with
 * `not_found` and the reason. `sandboxContract` of `./testing` is the full text of this contract.
 */
export interface Sandbox {
  /** Safe in file names, container names and URLs. */
  readonly id: string;
  /** Such as `base` or `browser`. */
  readonly type: string;
  readonly files: SandboxFiles;
  readonly history: SandboxHistory;

  /**
   * Runs a program. Leaving the loop, an abort and the timeout kill it with all its children; the loop is then left when they are
   * gone. A slow reader makes the program wait. `not_found` when there is no such program or directory.
   */
  exec(command: Command, options?: ExecOptions): AsyncIterable<ExecEvent>;
  /** Runs a command line with `/bin/sh`, or bash where there is one. */
  runShellCommand(command: string, options?: ExecOptions): Promise<CommandResult>;

  /** Runs Python in a kernel that keeps its variables. Cells wait for each other. An abort interrupts the cell, and rejects. */
  runIpythonCell(code: string, options?: CellOptions): Promise<CellResult>;
  /** Begins anew, without variables. What runs ends as `kernel_died`. */
  restartKernel(options?: CallOptions): Promise<void>;

  listTools(options?: CallOptions): Promise<readonly SandboxTool[]>;
  /** A failure of the tool is a result; `not_found` when there is no such tool. */
  callTool(name: string, toolArguments: unknown, options?: CallOptions): Promise<McpToolResult>;
  /** All or, where one does not start, those before it; the error names the one. */
  addMcpServers(servers: Readonly<Record<string, McpServerConfig>>, options?: AddMcpServersOptions): Promise<void>;

  /** A connection to a TCP port on the sandbox's own loopback. `unavailable` when nothing listens there. Yours to destroy. */
  connect(port: number, options?: CallOptions): Promise<Duplex>;
}

/** A copy of a sandbox that new ones begin from. */
export interface SandboxSnapshot {
  readonly id: string;
  /** `memory`: processes go on where they were. `disk`: files only. */
  readonly kind: "memory" | "disk";
}

/** A sandbox that its owner can end. Disposing twice is fine. */
export interface OwnedSandbox extends Sandbox, AsyncDisposable {
  /** Resolves, and never rejects, when the sandbox has ended, by itself or not. */
  readonly ended: Promise<SandboxEnd>;
  /** Stops its processes where they are and frees the processor. Its time to live stands still. Pausing twice is fine. */
  pause(options?: CallOptions): Promise<void>;
  /** Goes on. Resuming what is not paused is fine. */
  resume(options?: CallOptions): Promise<void>;
  /** The sandbox goes on; the snapshot outlives it. */
  snapshot(options?: CallOptions): Promise<SandboxSnapshot>;
  /** It now ends by itself this many milliseconds from now. */
  extend(ttlMs: number, options?: CallOptions): Promise<void>;
}
