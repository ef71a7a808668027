import { SSEClientTransport } from "@modelcontextprotocol/client";
import type { Transport } from "@modelcontextprotocol/client";
import { getDefaultEnvironment, StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { HonestTransport } from "./honest-transport.ts";
import type { McpServer } from "./mcp-server-options.ts";

export interface ServerTransport {
  readonly transport: Transport;
  /** What a program has complained about lately, to be told when it cannot be reached. */
  readonly complaint: () => string;
}

const longestComplaint = 500;

/** A way to a server that nobody has begun to use. */
export function createTransport(name: string, server: McpServer): ServerTransport {
  if ("command" in server) return programTransport(server);
  const { headers = {}, type = "http" } = server;
  const url = parseUrl(name, server.url);
  const requestInit = { headers: { ...headers } };
  const transport =
    type === "sse" ? new SSEClientTransport(url, { requestInit }) : new HonestTransport(url, { requestInit });
  return { transport, complaint: () => "" };
}

function programTransport({
  command,
  args = [],
  env = {},
  cwd,
}: Extract<McpServer, { command: string }>): ServerTransport {
  const transport = new StdioClientTransport({
    command,
    args: [...args],
    env: { ...getDefaultEnvironment(), ...env },
    stderr: "pipe",
    ...(cwd === undefined ? {} : { cwd }),
  });
  let said = "";
  transport.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-longestComplaint);
  });
  return { transport, complaint: () => said.trim() };
}

function parseUrl(name: string, url: string): URL {
  const parsed = URL.parse(url);
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") return parsed;
  throw new RuntimeError("invalid_argument", `Invalid MCP server ${name}: url: give one with http: or https:.`, {
    details: { field: `servers.${name}.url` },
  });
}
