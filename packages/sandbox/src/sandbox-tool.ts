import type { CallOptions } from "@agentscope-runtime/services";

/** A tool that runs inside of a sandbox. */
export interface SandboxTool {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of an object. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** `generic` for what every sandbox has; else the name of the MCP server it comes from. */
  readonly server: string;
}

/** An MCP server that is started inside of a sandbox, or reached from there. */
export type McpServerConfig =
  | {
      readonly command: string;
      readonly args?: readonly string[];
      readonly env?: Readonly<Record<string, string>>;
    }
  | {
      readonly url: string;
      readonly headers?: Readonly<Record<string, string>>;
      /** Default `streamable_http`. */
      readonly type?: "streamable_http" | "sse";
    };

export interface AddMcpServersOptions extends CallOptions {
  /** Replaces servers of the same name; otherwise those stay as they are. Default false. */
  readonly overwrite?: boolean;
}

/** A piece of a tool's answer, as the Model Context Protocol has it. */
export type McpContent = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A tool's answer, as the Model Context Protocol has it (`CallToolResult`). */
export interface McpToolResult {
  readonly content: readonly McpContent[];
  /** True exactly when the tool failed: a command's exit code other than 0, an exception, a refusal. A warning is no failure. */
  readonly isError: boolean;
  readonly structuredContent?: Readonly<Record<string, unknown>>;
}
