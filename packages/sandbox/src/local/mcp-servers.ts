import { randomUUID } from "node:crypto";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { Client, Tool, Transport } from "@modelcontextprotocol/client";
import type { AddMcpServersOptions, McpServerConfig, McpToolResult, SandboxTool } from "../sandbox-tool.ts";
import type { LocalPlace } from "./exec-locally.ts";
import { markVariable } from "./kill-marked.ts";
import { LaunchedTransport } from "./launched-transport.ts";

const connectMs = 60_000;
const callMs = 300_000;

interface Server {
  readonly config: McpServerConfig;
  /** Undefined when the server has gone; the next call begins it again. */
  client: Client | undefined;
  tools: readonly Tool[];
}

/** The MCP servers of a sandbox, by name. */
export class McpServers {
  readonly #place: LocalPlace;
  readonly #servers = new Map<string, Server>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(place: LocalPlace) {
    this.#place = place;
  }

  get tools(): readonly SandboxTool[] {
    return [...this.#servers].flatMap(([server, { tools }]) =>
      tools.map(({ name, description, title, inputSchema }) => ({
        name,
        description: description ?? title ?? `The tool ${name} of ${server}.`,
        inputSchema,
        server,
      })),
    );
  }

  /** One addition at a time, so that a name is added once. */
  async add(servers: Readonly<Record<string, McpServerConfig>>, options: AddMcpServersOptions = {}): Promise<void> {
    const turn = this.#last.then(async () => {
      for (const [name, config] of Object.entries(servers)) {
        this.#place.lifetime.assertOpen(options);
        const before = this.#servers.get(name);
        if (before !== undefined && options.overwrite !== true) continue;
        const server: Server = { config, client: undefined, tools: [] };
        await this.#connect(name, server, options.signal);
        await before?.client?.close();
        this.#servers.set(name, server);
      }
    });
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  /** Undefined when no server has such a tool. */
  async call(
    tool: string,
    toolArguments: Readonly<Record<string, unknown>>,
    { signal }: CallOptions = {},
  ): Promise<McpToolResult | undefined> {
    const found = [...this.#servers].find(([, { tools }]) => tools.some(({ name }) => name === tool));
    if (found === undefined) return undefined;
    const [name, server] = found;
    try {
      const client = server.client ?? (await this.#connect(name, server, signal));
      const params = { name: tool, arguments: { ...toolArguments } };
      const {
        content,
        isError = false,
        structuredContent,
      } = await client.callTool(params, {
        timeout: callMs,
        resetTimeoutOnProgress: true,
        ...(signal && { signal }),
      });
      return { content, isError, ...toStructured(structuredContent) };
    } catch (thrown) {
      this.#place.lifetime.assertOpen({ signal });
      if (RuntimeError.is(thrown)) throw thrown;
      const { ProtocolError } = await import("@modelcontextprotocol/client");
      // What the server answers is for the caller, as a result: the model can do better.
      if (thrown instanceof ProtocolError) return { content: [{ type: "text", text: thrown.message }], isError: true };
      throw failure(name, "did not answer", thrown, "");
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map(async ({ client }) => client?.close()));
  }

  async #connect(name: string, server: Server, signal: AbortSignal | undefined): Promise<Client> {
    // Most sandboxes have no servers, and need not load this.
    const { Client: McpClient } = await import("@modelcontextprotocol/client");
    const { transport, complaint } = await this.#transport(server.config, name);
    const client = new McpClient(
      { name: "agentscope-runtime-sandbox", version: "1.0.0" },
      {
        // A program would be started twice to find out.
        versionNegotiation: { mode: "command" in server.config ? "legacy" : "auto" },
        listChanged: {
          tools: {
            onChanged: (_, tools) => {
              if (tools !== null) server.tools = tools;
            },
          },
        },
      },
    );
    const undo = this.#place.lifetime.onStop(signal, () => void client.close());
    try {
      await client.connect(transport, { timeout: connectMs });
      server.tools = (await client.listTools(undefined, { timeout: connectMs })).tools;
    } catch (thrown) {
      await client.close().catch(() => undefined);
      this.#place.lifetime.assertOpen({ signal });
      throw RuntimeError.is(thrown) ? named(name, thrown) : failure(name, "did not start", thrown, complaint());
    } finally {
      undo();
    }
    server.client = client;
    // Not an event target: it has this one callback.
    Object.assign(client, {
      onclose: () => {
        if (server.client === client) server.client = undefined;
      },
    });
    return client;
  }

  async #transport(config: McpServerConfig, name: string): Promise<{ transport: Transport; complaint: () => string }> {
    const { launch, workspacePath, environment, mark } = this.#place;
    if ("command" in config) {
      const own = `${mark}.${randomUUID()}`;
      const launched = launch([config.command, ...(config.args ?? [])], {
        cwd: workspacePath,
        env: { ...environment, ...config.env, [markVariable]: own },
        stdin: "pipe",
      });
      const transport = new LaunchedTransport(launched, own);
      return { transport, complaint: () => transport.complaint };
    }
    const { SSEClientTransport, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
    const url = URL.parse(config.url);
    if (url?.protocol !== "http:" && url?.protocol !== "https:") {
      const message = `Invalid url of MCP server ${name}: give one with http: or https:.`;
      throw new RuntimeError("invalid_argument", message, { details: { field: `${name}.url` } });
    }
    const requestInit = { headers: { ...config.headers } };
    const transport =
      config.type === "sse"
        ? new SSEClientTransport(url, { requestInit })
        : new StreamableHTTPClientTransport(url, { requestInit });
    return { transport, complaint: () => "" };
  }
}

function toStructured(structuredContent: unknown): Pick<McpToolResult, "structuredContent"> {
  if (typeof structuredContent !== "object" || structuredContent === null) return {};
  return { structuredContent: { ...structuredContent } };
}

function named(server: string, error: RuntimeError): RuntimeError {
  const message = error.message.includes(server) ? error.message : `MCP server ${server}: ${error.message}`;
  return new RuntimeError(error.code, message, { cause: error, details: { ...error.details, server } });
}

function failure(server: string, what: string, cause: unknown, complaint: string): RuntimeError {
  const said = complaint === "" ? "" : ` It said: ${complaint}`;
  const message = `MCP server ${server} ${what}: check its command or url.${said}`;
  return new RuntimeError("unavailable", message, { cause, details: { server } });
}
