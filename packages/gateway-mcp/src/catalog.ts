import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Identity } from "@agentscope-runtime/core";
import type { Tool } from "@agentscope-runtime/tools";
import type { Tool as McpTool } from "@modelcontextprotocol/server";
import { agentInputSchema } from "./agent-tool.ts";

/** How one of the app's agents appears. */
export interface McpAgentOptions {
  /** What models call it by: letters, digits, `_`, `-` and `.`. Default: the agent's name. */
  readonly name?: string;
  readonly title?: string;
  /** For the model that calls: what the agent can do. */
  readonly description?: string;
  /** False for an agent that does one thing and need not be told what. Default true. */
  readonly takesMessage?: boolean;
}

/** Tools for everybody, or those of one caller. */
export type McpToolSource =
  | Iterable<Tool>
  | ((caller: { readonly identity: Identity | undefined }) => Iterable<Tool> | Promise<Iterable<Tool>>);

export type CatalogEntry = AgentEntry | { readonly kind: "tool"; readonly tool: Tool; readonly definition: McpTool };

export interface AgentEntry {
  readonly kind: "agent";
  readonly agent: string;
  readonly takesMessage: boolean;
  readonly definition: McpTool;
}

export interface CatalogOptions {
  /** The agents that are shown, by the app's name for them. */
  readonly agents: Readonly<Record<string, McpAgentOptions>>;
  readonly tools: McpToolSource;
  /** What is said of an agent that has no description of its own. */
  readonly about: string;
}

const longestName = 128;

/** What can be called, agents first. The order is always the same. */
export class Catalog {
  readonly #agents: readonly CatalogEntry[];
  readonly #tools: McpToolSource;
  readonly #given: readonly CatalogEntry[] | undefined;

  /** `invalid_argument` when two have the same name. */
  constructor({ agents, tools, about }: CatalogOptions) {
    this.#agents = Object.entries(agents).map(([agent, options]) => agentEntry(agent, options, about));
    this.#tools = tools;
    this.#given = typeof tools === "function" ? undefined : this.#with(tools);
    if (this.#given === undefined) this.#with([]);
  }

  async list(identity: Identity | undefined): Promise<readonly CatalogEntry[]> {
    if (this.#given !== undefined) return this.#given;
    return typeof this.#tools === "function" ? this.#with(await this.#tools({ identity })) : [];
  }

  /** `not_found` with the names that there are. */
  async find(name: string, identity: Identity | undefined): Promise<CatalogEntry> {
    const entries = await this.list(identity);
    const found = entries.find(({ definition }) => definition.name === name);
    if (found !== undefined) return found;
    const known = entries.map(({ definition }) => definition.name).join(", ");
    throw new RuntimeError("not_found", `Unknown tool: ${name}. There are: ${known}.`, { details: { field: "name" } });
  }

  #with(tools: Iterable<Tool>): readonly CatalogEntry[] {
    const entries = [...this.#agents, ...[...tools].map(toolEntry)];
    const names = new Set<string>();
    for (const { definition } of entries) {
      if (names.has(definition.name)) {
        const message = `Two MCP tools are named ${definition.name}: rename one, agents with \`agents: { … { name } }\`.`;
        throw new RuntimeError("invalid_argument", message);
      }
      names.add(definition.name);
    }
    return entries;
  }
}

function agentEntry(agent: string, options: McpAgentOptions, about: string): AgentEntry {
  const { name, title, description, takesMessage = true } = options;
  const shown = name ?? agent.replaceAll(/[^A-Za-z0-9_.-]/g, "_").slice(0, longestName);
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(shown)) {
    const message = `The MCP name ${JSON.stringify(shown)} of agent ${agent} is refused by clients: use 1 to 128 letters, digits, "_", "-" and ".".`;
    throw new RuntimeError("invalid_argument", message);
  }
  const definition: McpTool = {
    name: shown,
    ...(title === undefined ? {} : { title }),
    description: description ?? (about.trim() || `Asks the agent ${agent}.`),
    inputSchema: agentInputSchema(takesMessage),
    annotations: { openWorldHint: true },
  };
  return { kind: "agent", agent, takesMessage, definition };
}

function toolEntry(tool: Tool): CatalogEntry {
  const { name, description, inputSchema, readOnly } = tool;
  const definition: McpTool = {
    name,
    description,
    inputSchema,
    annotations: { readOnlyHint: readOnly },
  };
  return { kind: "tool", tool, definition };
}
