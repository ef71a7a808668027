import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Tool as McpTool } from "@modelcontextprotocol/client";
import { createToolbox } from "../toolbox.ts";
import type { Toolbox } from "../toolbox.ts";
import type { Tool } from "../tool.ts";
import { McpConnection } from "./mcp-connection.ts";
import type { McpServer } from "./mcp-server-options.ts";
import { toTool } from "./to-tool.ts";
import { toolNames } from "./tool-names.ts";

export interface McpToolsOptions {
  /** By the name under which errors tell of them. */
  readonly servers: Readonly<Record<string, McpServer>>;
  /** Whether tools get their server's name before theirs: `collision`, the default, when two have the same; or `always`. */
  readonly prefix?: "collision" | "always";
  /** How long connecting and listing may take, in milliseconds. Default 30,000. */
  readonly connectMs?: number;
  /** How long a call may take without telling of progress, in milliseconds. Default 300,000. */
  readonly callMs?: number;
}

/** The tools of MCP servers. Disposing closes the connections and ends the servers that are programs. */
export interface McpTools extends Toolbox, AsyncDisposable {
  /** Why a server's tools are missing, by its name. */
  readonly problems: ReadonlyMap<string, RuntimeError>;
  /** Asks all servers again, those that were away included. A server that is away now keeps the tools it had. */
  refresh(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/**
 * Connects to MCP servers and has their tools. A server that cannot be reached takes none of the others down: see `problems`.
 * A connection that was lost is made again by the next call; when a server says that its tools have changed, they are asked
 * for again. `invalid_argument` when an option cannot be right.
 *
 * @example
 * ```ts
 * await using tools = await openMcpTools({ servers: { files: { command: "npx", args: ["files-server"] } } });
 * ```
 */
export async function openMcpTools(options: McpToolsOptions): Promise<McpTools> {
  const { servers, prefix = "collision", connectMs = 30_000, callMs = 300_000 } = options;
  const connections = Object.entries(servers).map(
    ([name, server]) =>
      new McpConnection({
        name,
        server,
        connectMs,
        callMs,
        onChange: () => {
          refresh().catch(() => undefined); // It waits for nobody: what is wrong stands in `problems`.
        },
      }),
  );
  const listed = new Map<McpConnection, readonly McpTool[]>();
  const problems = new Map<string, RuntimeError>();
  let box = createToolbox();
  await refresh();
  return {
    problems,
    refresh,
    get: (name) => box.get(name),
    call: async (name, toolArguments, callOptions) => box.call(name, toolArguments, callOptions),
    [Symbol.iterator]: () => box[Symbol.iterator](),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(connections.map(async (connection) => connection[Symbol.asyncDispose]()));
    },
  };

  async function refresh({ signal }: { readonly signal?: AbortSignal } = {}): Promise<void> {
    await Promise.all(
      connections.map(async (connection) => {
        try {
          listed.set(connection, await connection.list(signal));
          problems.delete(connection.name);
        } catch (thrown) {
          signal?.throwIfAborted();
          problems.set(connection.name, RuntimeError.from(thrown));
        }
      }),
    );
    box = createToolbox(tools());
  }

  function tools(): readonly Tool[] {
    // In the order of the options, whoever answered first.
    const all = connections.flatMap((connection) =>
      (listed.get(connection) ?? []).map((tool) => ({ connection, tool })),
    );
    const named = all.map(({ connection, tool }) => ({ server: connection.name, name: tool.name }));
    const names = toolNames(named, prefix);
    return all.map(({ connection, tool }, index) => toTool(tool, names[index] ?? tool.name, connection));
  }
}
