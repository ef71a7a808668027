/** A server that is a program: it is started, spoken to over its standard input and output, and ended with the tools. */
export interface McpStdioServer {
  readonly command: string;
  readonly args?: readonly string[];
  /** Beside the few harmless variables, such as `PATH`, that every server gets. Nothing else is handed on. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A server that is reached over HTTP. */
export interface McpHttpServer {
  readonly url: string;
  /** Sent with every request, such as `Authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** `http` is streamable HTTP, the default; `sse` what servers spoke until 2025. */
  readonly type?: "http" | "sse";
}

export type McpServer = McpStdioServer | McpHttpServer;
