import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import { CellOutputs } from "../cell-outputs.ts";
import { collectOutput } from "../exec.ts";
import type { Command, CommandResult, ExecEvent, ExecOptions } from "../exec.ts";
import type { CellOptions, CellResult } from "../ipython.ts";
import type { SandboxFiles } from "../sandbox-files.ts";
import type { SandboxHistory } from "../sandbox-history.ts";
import type { AddMcpServersOptions, McpServerConfig, McpToolResult, SandboxTool } from "../sandbox-tool.ts";
import type { Sandbox } from "../sandbox.ts";
import { BoxClient, isLoss } from "./box-client.ts";
import type { BoxClientOptions } from "./box-client.ts";
import { BoxFiles } from "./box-files.ts";
import { BoxHistory } from "./box-history.ts";
import {
  cellEventSchema,
  doneReplySchema,
  execEventSchema,
  healthReplySchema,
  toolReplySchema,
  toolsReplySchema,
} from "./box-schemas.ts";

export interface OpenBoxOptions extends BoxClientOptions {
  readonly type: string;
  /** How long the box may take to be ready, in milliseconds. Default 30,000. */
  readonly readyMs?: number;
}

const defaultReadyMs = 30_000;
const retryMs = 4;
/** How long a command may take to be gone. */
const cancelMs = 10_000;

/**
 * The sandbox in a box, over the box protocol. Resolves when the box is ready; `unavailable` when it does not become so, with the
 * box's own reason where it has one. Disposing ends the connections, and not the box.
 */
export async function openBox(
  options: OpenBoxOptions,
  { signal }: CallOptions = {},
): Promise<Sandbox & AsyncDisposable> {
  const { readyMs = defaultReadyMs, id, type, explain: _, ...rest } = options;
  const deadline = performance.now() + readyMs;
  const knocking = new BoxClient({ id, ...rest });
  try {
    for (;;) {
      const call = { method: "GET", path: "/health", signal } as const;
      const thrown = await knocking.json(call, healthReplySchema).catch((reason: unknown) => ({ reason }));
      if (!("reason" in thrown)) break;
      // The box says itself that it is not ready; nothing says when its socket is there.
      if (!isUnreachable(thrown.reason)) throw thrown.reason;
      if (performance.now() > deadline) throw notReady(id, readyMs, thrown.reason);
      await sleep(retryMs, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  } finally {
    knocking.close();
  }
  return new Box(id, type, new BoxClient(options));
}

class Box implements Sandbox, AsyncDisposable {
  readonly id: string;
  readonly type: string;
  readonly files: SandboxFiles;
  readonly history: SandboxHistory;
  readonly #client: BoxClient;

  constructor(id: string, type: string, client: BoxClient) {
    this.id = id;
    this.type = type;
    this.files = new BoxFiles(client);
    this.history = new BoxHistory(client);
    this.#client = client;
  }

  exec(command: Command, options: ExecOptions = {}): AsyncIterable<ExecEvent> {
    return this.#exec(command, options);
  }

  async runShellCommand(command: string, options: ExecOptions = {}): Promise<CommandResult> {
    return collectOutput(this.#exec(command, options));
  }

  async runIpythonCell(code: string, options: CellOptions = {}): Promise<CellResult> {
    const { signal, timeoutMs, onOutput } = options;
    const outputs = new CellOutputs(onOutput);
    const call = { method: "POST", path: "/cells", body: JSON.stringify({ code, timeoutMs }), signal } as const;
    for await (const event of this.#client.lines(call, cellEventSchema)) {
      if (event.type === "failed") throw RuntimeError.fromInfo(event.error);
      if (event.type !== "end") {
        outputs.add(event);
        continue;
      }
      const { type: _, ...end } = event;
      return { outputs: outputs.all, ...end };
    }
    throw cutOff(this.id);
  }

  async restartKernel({ signal }: CallOptions = {}): Promise<void> {
    await this.#client.json({ method: "POST", path: "/kernel/restart", body: "{}", signal }, doneReplySchema);
  }

  async listTools({ signal }: CallOptions = {}): Promise<readonly SandboxTool[]> {
    return (await this.#client.json({ method: "GET", path: "/tools", signal }, toolsReplySchema)).tools;
  }

  async callTool(name: string, toolArguments: unknown, { signal }: CallOptions = {}): Promise<McpToolResult> {
    const body = JSON.stringify({ name, arguments: toolArguments ?? {} });
    return this.#client.json({ method: "POST", path: "/tools/call", body, signal }, toolReplySchema);
  }

  async addMcpServers(
    servers: Readonly<Record<string, McpServerConfig>>,
    { signal, overwrite }: AddMcpServersOptions = {},
  ): Promise<void> {
    const body = JSON.stringify({ servers, overwrite });
    await this.#client.json({ method: "POST", path: "/mcp-servers", body, signal }, doneReplySchema);
  }

  async connect(port: number, { signal }: CallOptions = {}): Promise<Duplex> {
    if (!Number.isInteger(port) || port < 0 || port > 999_999) {
      const message = "Invalid port: give a whole number from 1 to 65535.";
      throw new RuntimeError("invalid_argument", message, { details: { field: "port" } });
    }
    return this.#client.connect(port, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
  }

  async *#exec(command: Command | string, options: ExecOptions): AsyncGenerator<ExecEvent, void, undefined> {
    const { signal, stdin, ...terms } = options;
    const id = randomUUID();
    const head = JSON.stringify({ ...terms, id, command, stdin: stdin !== undefined });
    const body = stdin === undefined ? head : withStdin(head, stdin);
    let isOver = false;
    try {
      for await (const event of this.#client.lines({ method: "POST", path: "/execs", body, signal }, execEventSchema)) {
        isOver = event.type === "exit" || event.type === "error";
        if (event.type === "error") throw RuntimeError.fromInfo(event.error);
        yield event;
        if (isOver) return;
      }
      throw cutOff(this.id);
    } catch (thrown) {
      // What the box itself has refused is over.
      isOver ||= RuntimeError.is(thrown) && signal?.aborted !== true;
      throw thrown;
    } finally {
      // The loop is left when the command is gone, and not before.
      if (!isOver) await this.#cancel(id);
    }
  }

  async #cancel(id: string): Promise<void> {
    const call = { method: "DELETE", path: `/execs/${id}`, signal: AbortSignal.timeout(cancelMs) } as const;
    await this.#client.json(call, doneReplySchema).catch(() => undefined); // It has gone with its box.
  }
}

async function* withStdin(
  head: string,
  stdin: string | Uint8Array | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  yield encoder.encode(`${head}\n`);
  if (typeof stdin === "string") yield encoder.encode(stdin);
  else if (stdin instanceof Uint8Array) yield stdin;
  else yield* stdin;
}

function isUnreachable(reason: unknown): boolean {
  return RuntimeError.is(reason) && isLoss(reason.cause);
}

function notReady(id: string, readyMs: number, cause: unknown): RuntimeError {
  return new RuntimeError("unavailable", `The box of sandbox ${id} was not ready within ${readyMs} ms.`, { cause });
}

function cutOff(id: string): RuntimeError {
  return new RuntimeError("unavailable", `The box of sandbox ${id} broke off its answer.`);
}
