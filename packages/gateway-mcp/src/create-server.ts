import type { RunDoor } from "@agentscope-runtime/core";
import { callTool, resultText, toMcpResult } from "@agentscope-runtime/tools";
import type { Tool } from "@agentscope-runtime/tools";
import { CLIENT_CAPABILITIES_META_KEY, inputRequired, McpServer, ProtocolError } from "@modelcontextprotocol/server";
import type {
  CallToolResult,
  InputRequiredResult,
  ServerContext,
  StandardSchemaWithJSON,
} from "@modelcontextprotocol/server";
import { callAgent } from "./call-agent.ts";
import type { AgentOutcome } from "./call-agent.ts";
import type { McpCaller } from "./caller.ts";
import type { AgentEntry, Catalog, CatalogEntry } from "./catalog.ts";
import { canElicit, toElicitation } from "./elicitation.ts";
import { toRpcError } from "./rpc-error.ts";
import { toFailure } from "./tool-failure.ts";

export interface ServerOptions {
  readonly catalog: Catalog;
  /** Undefined where there are only tools. */
  readonly runs: RunDoor | undefined;
  readonly info: { readonly name: string; readonly version: string; readonly title?: string };
  readonly instructions: string | undefined;
}

export interface Exchange {
  readonly caller: McpCaller;
  /** Resolves when the client can take more. */
  readonly written: (signal: AbortSignal) => Promise<void>;
}

/** An MCP server for one request, or over stdio for one client: it keeps nothing. */
export async function createServer(options: ServerOptions, exchange: Exchange): Promise<McpServer> {
  const { catalog, info, instructions } = options;
  const { identity } = exchange.caller;
  const server = new McpServer(
    { ...info },
    { capabilities: { tools: { listChanged: false } }, ...(instructions === undefined ? {} : { instructions }) },
  );
  const entries = await catalog.list(identity);
  // The library compares headers with arguments for tools that it knows; it need know no others.
  for (const { definition } of entries.filter(mirrorsHeaders)) {
    const { name, description = "", inputSchema } = definition;
    server.registerTool(name, { description, inputSchema: passing(inputSchema) }, () => ({ content: [] }));
  }
  server.server.setRequestHandler("tools/list", () => ({ tools: entries.map(({ definition }) => definition) }));
  server.server.setRequestHandler("tools/call", async ({ params }, context) => {
    try {
      const entry = await catalog.find(params.name, identity);
      if (entry.kind === "agent")
        return await runAgent(entry, params.arguments, { context, exchange, runs: options.runs, server });
      // What a client of 2025 cannot take is put into what it can.
      return server.server.projectCallToolResult(
        await runTool(entry.tool, params.arguments, { context, exchange }),
        undefined,
      );
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (failure !== undefined) return failure;
      const { code, message, data } = toRpcError(thrown);
      throw new ProtocolError(code, message, data);
    }
  });
  return server;
}

interface Running {
  readonly context: ServerContext;
  readonly exchange: Exchange;
}

async function runTool(tool: Tool, toolArguments: unknown, running: Running): Promise<CallToolResult> {
  const { id, signal } = running.context.mcpReq;
  const note = noting(running);
  let told = 0;
  let telling: Promise<void> = Promise.resolve();
  const result = await callTool(tool, toolArguments ?? {}, {
    signal,
    callId: String(id),
    ...(note && {
      // A tool does not wait until it is heard: what is told meanwhile is replaced by the latest.
      onUpdate: (update) => {
        const now = (told += 1);
        telling = telling.then(async () =>
          now === told ? note({ progress: now, message: resultText(update) }) : undefined,
        );
      },
    }),
  });
  await telling.catch(() => undefined);
  return toMcpResult(result);
}

async function runAgent(
  entry: AgentEntry,
  toolArguments: unknown,
  { context, exchange, runs, server }: Running & { readonly runs: RunDoor | undefined; readonly server: McpServer },
): Promise<CallToolResult | InputRequiredResult> {
  if (runs === undefined) throw new TypeError("There are agents and no runs.");
  const { signal, inputResponses = {} } = context.mcpReq;
  const note = noting({ context, exchange });
  const state = context.mcpReq.requestState<string>();
  const call = {
    runs,
    entry,
    arguments: toolArguments,
    caller: exchange.caller,
    signal,
    elicits: canElicit(capabilitiesOf(server, context)),
    onNote:
      note &&
      (async ({ message, about }: { message: string; about: object }, progress: number) =>
        note({ progress, message, _meta: { agentscope: about } })),
  };
  const outcome = await callAgent(call, state === undefined ? undefined : { state, responses: inputResponses });
  return "result" in outcome ? outcome.result : toInputRequired(outcome);
}

/** A client of 2026 says with each request what it can, one of 2025 when it connects. */
function capabilitiesOf(server: McpServer, { mcpReq }: ServerContext): unknown {
  const envelope = mcpReq.envelope as Readonly<Record<string, unknown>> | undefined; // Its type leaves the protocol's own keys out.
  return envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities();
}

function toInputRequired({ questions, state }: Extract<AgentOutcome, { questions: unknown }>): InputRequiredResult {
  const inputRequests = Object.fromEntries(
    questions.map((asked) => [asked.id, inputRequired.elicit(toElicitation(asked))]),
  );
  return inputRequired({ inputRequests, requestState: state });
}

interface ProgressParams {
  readonly progress: number;
  readonly message: string;
  readonly _meta?: Readonly<Record<string, unknown>>;
}

/** Tells progress to a client that has asked for it. */
function noting({ context, exchange }: Running): ((params: ProgressParams) => Promise<void>) | undefined {
  const { _meta: meta, signal, notify } = context.mcpReq;
  const progressToken = meta?.progressToken;
  if (progressToken === undefined) return undefined;
  return async (params) => {
    if (signal.aborted) return;
    await notify({ method: "notifications/progress", params: { progressToken, ...params } });
    await exchange.written(signal);
  };
}

function mirrorsHeaders({ definition }: CatalogEntry): boolean {
  return JSON.stringify(definition.inputSchema).includes('"x-mcp-header"');
}

/** A schema that says what it is and leaves the checking to the tool. */
function passing(schema: object): StandardSchemaWithJSON {
  const json = (): Record<string, unknown> => ({ ...schema });
  return {
    "~standard": {
      version: 1,
      vendor: "agentscope",
      validate: (value) => ({ value }),
      jsonSchema: { input: json, output: json },
    },
  };
}
