import type { CallOptions } from "@agentscope-runtime/services";
import type { McpToolResult, SandboxTool } from "./sandbox-tool.ts";
import type { Sandbox } from "./sandbox.ts";

/** The tools of every sandbox as methods, each answered as the tool answers. */
export class BaseSandbox {
  readonly sandbox: Sandbox;

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  async listTools(options?: CallOptions): Promise<readonly SandboxTool[]> {
    return this.sandbox.listTools(options);
  }

  async callTool(name: string, toolArguments: object, options?: CallOptions): Promise<McpToolResult> {
    return this.sandbox.callTool(name, toolArguments, options);
  }

  /** Tool `run_ipython_cell`. */
  async runIpythonCell(code: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("run_ipython_cell", { code }, options);
  }

  /** Tool `run_shell_command`. */
  async runShellCommand(command: string, options?: CallOptions): Promise<McpToolResult> {
    return this.callTool("run_shell_command", { command }, options);
  }
}
