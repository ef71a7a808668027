import type { Authenticate, HttpHandler, HttpReply, HttpRequest } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { InProcessTopic } from "@agentscope-runtime/services";
import type { Topic } from "@agentscope-runtime/services";
import { challenging } from "./authorization.ts";
import { Catalog } from "./catalog.ts";
import type { McpToolSource } from "./catalog.ts";
import { createEndpoint } from "./mcp-endpoint.ts";
import { endpointRoutes } from "./endpoint-routes.ts";
import type { McpGatewayOptions } from "./mcp-gateway.ts";
import { openStdio } from "./open-stdio.ts";
import type { McpStdio, McpStdioOptions } from "./open-stdio.ts";

export interface McpServerOptions extends Omit<McpGatewayOptions, "agents" | "tools"> {
  /** What clients are told that the server is. */
  readonly name: string;
  /** A toolbox, or a function that gives each caller its own. */
  readonly tools: McpToolSource;
  /** Who may call over HTTP. Without it anybody may. */
  readonly authenticate?: Authenticate;
  /** How replicas tell each other of canceled calls. Default: in this process, for one replica. */
  readonly topic?: Topic;
  /** Of a request's body. Default 10 MiB. */
  readonly maxBodyBytes?: number;
}

/** Tools behind MCP. */
export interface McpServer {
  /** Answers the endpoint's path, and leaves all others to the next handler: for `toExpress`. */
  readonly handle: HttpHandler;
  /** Speaks MCP over stdio with the client that has started this process. */
  openStdio(options?: McpStdioOptions): McpStdio;
}

const defaultMaxBodyBytes = 10 * 1024 * 1024;

/**
 * A toolbox as an MCP server, without an app.
 *
 * @example
 * ```ts
 * const server = mcpServer({ name: "rates", tools: createToolbox(exchangeRate) });
 * express().use(toExpress(server.handle));
 * ```
 */
export function mcpServer(options: McpServerOptions): McpServer {
  const { name, tools, version = "0.0.0", path = "/mcp", authorization, topic = new InProcessTopic() } = options;
  const { allowedOrigins = [], allowedHosts, maxBodyBytes = defaultMaxBodyBytes } = options;
  const catalog = new Catalog({ agents: {}, tools, about: "" });
  const server = { catalog, runs: undefined, info: { name, version }, instructions: options.instructions };
  const endpoint = createEndpoint({ ...server, topic, origins: { allowedOrigins, allowedHosts }, maxBodyBytes });
  const routes = endpointRoutes(endpoint, path, authorization);
  const toError = challenging(authorization);

  return { handle, openStdio: (stdioOptions = {}) => openStdio(server, stdioOptions) };

  async function handle(http: HttpRequest): Promise<HttpReply | undefined> {
    const at = routes.filter((route) => route.path === http.path);
    if (at.length === 0) return undefined;
    try {
      const route = at.find(({ method }) => method === http.method);
      if (route === undefined)
        return { ...toError(notAllowed(http)), headers: { allow: at.map(({ method }) => method).join(", ") } };
      const identity = route.public === true ? undefined : await identify(http);
      return await route.handle({ http, params: {}, query: new URLSearchParams(http.search), identity });
    } catch (thrown) {
      return toError(RuntimeError.from(thrown));
    }
  }

  async function identify(http: HttpRequest): Promise<Awaited<ReturnType<Authenticate>>> {
    if (options.authenticate === undefined) return undefined;
    const identity = await options.authenticate(http);
    if (identity === undefined)
      throw new RuntimeError("unauthenticated", "Who are you? Send a valid Authorization header.");
    return identity;
  }
}

function notAllowed({ method }: HttpRequest): RuntimeError {
  return new RuntimeError("method_not_allowed", `${method} is not allowed here: use POST.`);
}
