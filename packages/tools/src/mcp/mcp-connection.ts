import {
  Client,
  ProtocolError,
  ProtocolErrorCode,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
} from "@modelcontextprotocol/client";
import type { CallToolResult, Tool as McpTool } from "@modelcontextprotocol/client";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ToolRunOptions } from "../tool.ts";
import type { McpServer } from "./mcp-server-options.ts";
import { answerLost } from "./honest-transport.ts";
import { createTransport } from "./open-transport.ts";
import { Progress } from "./progress.ts";

export interface McpConnectionOptions {
  /** As the app calls the server. */
  readonly name: string;
  readonly server: McpServer;
  readonly connectMs: number;
  readonly callMs: number;
  /** The server's tools may have changed. */
  readonly onChange: () => void;
}

export interface McpCall {
  /** As the server calls it. */
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** Whether the call may be made again when nobody knows what became of it. */
  readonly repeatable: boolean;
}

/** JSON-RPC's code of arguments that the server refuses. */
const invalidParams: number = ProtocolErrorCode.InvalidParams;

/** The way to one server: made when it is first needed, and again when it was lost. */
export class McpConnection implements AsyncDisposable {
  readonly #options: McpConnectionOptions;
  #connecting: Promise<Client> | undefined;
  #client: Client | undefined;
  #disposed = false;

  constructor(options: McpConnectionOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  /** All tools of the server. `unavailable` when it cannot be reached. */
  async list(signal?: AbortSignal): Promise<readonly McpTool[]> {
    const client = await this.#connected();
    try {
      return (await client.listTools(undefined, { timeout: this.#options.connectMs, ...(signal && { signal }) })).tools;
    } catch (thrown) {
      signal?.throwIfAborted();
      this.#drop(client);
      throw this.#failure(thrown);
    }
  }

  /** Connects again when the connection is lost, and calls again where that is harmless. */
  async call(call: McpCall, options: ToolRunOptions): Promise<CallToolResult> {
    for (let again = false; ; again = true) {
      const client = await this.#connected();
      options.signal?.throwIfAborted();
      try {
        return await this.#call(client, call, options);
      } catch (thrown) {
        options.signal?.throwIfAborted();
        if (!isLoss(thrown)) throw this.#failure(thrown);
        this.#drop(client);
        if (again || !(call.repeatable || neverArrived(thrown))) throw this.#lost(call, thrown);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    const client = await this.#connecting?.catch(() => undefined);
    await client?.close();
  }

  async #call(client: Client, call: McpCall, { signal, onUpdate }: ToolRunOptions): Promise<CallToolResult> {
    const progress = onUpdate && new Progress(onUpdate);
    return client.callTool(
      { name: call.tool, arguments: { ...call.arguments } },
      {
        timeout: this.#options.callMs,
        resetTimeoutOnProgress: true,
        ...(progress && {
          onprogress: (note) => {
            progress.tell(note);
          },
        }),
        ...(signal && { signal }),
      },
    );
  }

  async #connected(): Promise<Client> {
    const { name } = this.#options;
    if (this.#disposed) throw new RuntimeError("unavailable", `The tools of MCP server ${name} have been disposed.`);
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  async #connect(): Promise<Client> {
    const { name, server, connectMs, onChange } = this.#options;
    const { transport, complaint } = createTransport(name, server);
    const client = new Client(
      { name: "agentscope-runtime", version: "1.0.0" },
      {
        // A program would be started twice to find out.
        versionNegotiation: { mode: "command" in server ? "legacy" : "auto" },
        listChanged: { tools: { autoRefresh: false, onChanged: onChange } },
      },
    );
    try {
      await client.connect(transport, { timeout: connectMs });
    } catch (thrown) {
      this.#connecting = undefined;
      await client.close().catch(() => undefined);
      throw this.#failure(thrown, complaint());
    }
    // Not an event target: it has this one callback.
    const onclose = (): void => {
      this.#drop(client);
    };
    this.#client = Object.assign(client, { onclose });
    return client;
  }

  /** The next call connects again. */
  #drop(client: Client): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#connecting = undefined;
    void client.close().catch(() => undefined);
  }

  #lost({ tool }: McpCall, cause: unknown): RuntimeError {
    const { name } = this.#options;
    const message = `The connection to MCP server ${name} was lost: ${tool} may or may not have been done.`;
    return new RuntimeError("unavailable", message, { cause, details: { server: name } });
  }

  #failure(thrown: unknown, complaint = ""): RuntimeError {
    if (RuntimeError.is(thrown)) return thrown;
    const { name, server } = this.#options;
    const options = { cause: thrown, details: { server: name } };
    if (thrown instanceof ProtocolError) {
      const code = thrown.code === invalidParams ? "invalid_argument" : "unavailable";
      return new RuntimeError(code, `MCP server ${name}: ${thrown.message}`, options);
    }
    if (thrown instanceof SdkError && thrown.code === SdkErrorCode.RequestTimeout)
      return new RuntimeError("deadline_exceeded", `MCP server ${name} took too long to answer.`, options);
    if (thrown instanceof SdkHttpError && (thrown.status === 401 || thrown.status === 403))
      return new RuntimeError("permission_denied", `MCP server ${name} refuses us: check its \`headers\`.`, options);
    const what = "command" in server ? `check that \`${server.command}\` starts` : "check its url";
    const said = complaint === "" ? "" : ` It said: ${complaint}`;
    return new RuntimeError("unavailable", `MCP server ${name} cannot be reached: ${what}.${said}`, options);
  }
}

/** Whether the connection is gone, and not only this call has failed. */
function isLoss(thrown: unknown): boolean {
  if (thrown instanceof ProtocolError) return thrown.code === answerLost;
  if (thrown instanceof SdkHttpError) return thrown.status === 404 || thrown.status >= 500;
  return !(thrown instanceof SdkError) || thrown.code === SdkErrorCode.ConnectionClosed;
}

/** Whether the server cannot have begun: it does not know the session any more, or nobody listens there. */
function neverArrived(thrown: unknown): boolean {
  if (thrown instanceof SdkHttpError) return thrown.status === 404;
  // By their fields: what `fetch` throws may be of another realm.
  const { cause } = (thrown ?? {}) as { readonly cause?: { readonly code?: unknown } | null };
  return cause?.code === "ECONNREFUSED";
}
