import type { Gateway, GatewayHost, Route, RunDoor } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { McpAuthorization } from "./authorization.ts";
import { Catalog } from "./catalog.ts";
import type { McpAgentOptions, McpToolSource } from "./catalog.ts";
import type { ServerOptions } from "./create-server.ts";
import { endpointRoutes } from "./endpoint-routes.ts";
import { createEndpoint } from "./mcp-endpoint.ts";
import { openStdio } from "./open-stdio.ts";
import type { McpStdio, McpStdioOptions } from "./open-stdio.ts";

export interface McpGatewayOptions {
  /** Default "/mcp". */
  readonly path?: string;
  /** The agents that are shown as tools, by the app's name for them. Default: all. */
  readonly agents?: Readonly<Record<string, McpAgentOptions>>;
  /** Tools beside the agents: a toolbox, or a function that gives each caller its own. */
  readonly tools?: McpToolSource;
  /** Told to clients. Default "0.0.0". */
  readonly version?: string;
  /** For the model that calls: how to use agents and tools. */
  readonly instructions?: string;
  /** Host names of web pages that may call. Those of this machine always may; programs send no origin. */
  readonly allowedOrigins?: readonly string[];
  /** The host names by which the server may be called. Default: any. */
  readonly allowedHosts?: readonly string[];
  /** Where clients get a token that the app's `authenticate` accepts. */
  readonly authorization?: McpAuthorization;
}

export interface McpGateway extends Gateway {
  /** Speaks MCP over stdio with the client that has started this process. The app must have been started. */
  openStdio(options?: McpStdioOptions): McpStdio;
}

/**
 * The app's agents as MCP tools, and tools beside them: `POST /mcp` in the protocol versions of 2025 and 2026, on any replica.
 *
 * @example
 * ```ts
 * const app = new AgentApp({ query, gateways: [mcpGateway()] });
 * ```
 */
export function mcpGateway(options: McpGatewayOptions = {}): McpGateway {
  let opened: ServerOptions | undefined;
  return {
    name: "mcp",
    routes: (host) => {
      opened = serverOptions(host, options);
      return routesOf(host, options, opened);
    },
    openStdio: (stdioOptions = {}) => {
      if (opened === undefined)
        throw new RuntimeError("conflict", "Give the MCP gateway to an app before it speaks over stdio.");
      return openStdio(opened, stdioOptions);
    },
  };
}

function serverOptions(host: GatewayHost, options: McpGatewayOptions): ServerOptions & { readonly runs: RunDoor } {
  const { name, description, runs } = host;
  const {
    agents = Object.fromEntries(runs.agents.map((agent) => [agent, {}])),
    tools = [],
    version = "0.0.0",
  } = options;
  for (const agent of Object.keys(agents)) {
    if (runs.agents.includes(agent)) continue;
    throw new RuntimeError("invalid_argument", `Invalid MCP options: agents: the app has no agent ${agent}.`);
  }
  const catalog = new Catalog({ agents, tools, about: description });
  return { catalog, runs, info: { name, version }, instructions: options.instructions };
}

function routesOf(host: GatewayHost, options: McpGatewayOptions, server: ServerOptions): readonly Route[] {
  const { allowedOrigins = [], allowedHosts } = options;
  const endpoint = createEndpoint({
    ...server,
    topic: host.runs.topic,
    origins: { allowedOrigins, allowedHosts },
    maxBodyBytes: host.maxBodyBytes,
  });
  const { path = "/mcp", authorization } = options;
  return endpointRoutes(endpoint, path, authorization);
}
