import type { Duplex } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type {
  AddMcpServersOptions,
  CellOptions,
  CellResult,
  Command,
  CommandResult,
  ExecEvent,
  ExecOptions,
  McpServerConfig,
  McpToolResult,
  OwnedSandbox,
  Sandbox,
  SandboxEnd,
  SandboxRecord,
  SandboxSnapshot,
  SandboxTool,
} from "@agentscope-runtime/sandbox";
import type { CallOptions } from "@agentscope-runtime/services";
import { TimeToLive } from "./time-to-live.ts";

/** What is under a sandbox: the process or the processes that make it up. */
export interface SandboxBody {
  /** What tools see. Once ended, its calls reject. */
  readonly sandbox: Sandbox & { end(end: SandboxEnd): Promise<void> };
  /** Resolves when it has ended without having been asked to. */
  readonly lost: Promise<SandboxEnd>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  snapshot(signal: AbortSignal | undefined): Promise<SandboxSnapshot>;
  /** Kills what runs; what is under way is rejected by then. Resolves when nothing of it is left. */
  close(paused: boolean): Promise<void>;
  /** What has changed about it, for others who list it. */
  note(state: SandboxRecord["state"]): void;
}

/** The owner's side of a sandbox: its time, its pauses, its end. */
export class EmbeddedSandbox implements OwnedSandbox {
  readonly createdAt = Date.now();
  readonly labels: SandboxRecord["labels"];
  readonly #body: SandboxBody;
  readonly #time: TimeToLive;
  readonly #ended = Promise.withResolvers<SandboxEnd>();
  #state: SandboxRecord["state"] = "running";
  #end: SandboxEnd | undefined;
  #closing: Promise<void> | undefined;
  /** Pauses and resumes, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(body: SandboxBody, options: { readonly ttlMs: number; readonly labels: SandboxRecord["labels"] }) {
    this.#body = body;
    this.labels = options.labels;
    this.#time = new TimeToLive(options.ttlMs, () => {
      void this.end({ reason: "expired", message: "Its time was over." });
    });
    void body.lost.then(async (end) => this.end(end));
  }

  get id(): string {
    return this.#body.sandbox.id;
  }

  get type(): string {
    return this.#body.sandbox.type;
  }

  get files(): Sandbox["files"] {
    return this.#body.sandbox.files;
  }

  get history(): Sandbox["history"] {
    return this.#body.sandbox.history;
  }

  get ended(): Promise<SandboxEnd> {
    return this.#ended.promise;
  }

  get record(): SandboxRecord {
    const { id, type, createdAt, labels } = this;
    return { id, type, state: this.#state, createdAt, labels };
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  exec(command: Command, options?: ExecOptions): AsyncIterable<ExecEvent> {
    return this.#body.sandbox.exec(command, options);
  }

  async runShellCommand(command: string, options?: ExecOptions): Promise<CommandResult> {
    return this.#body.sandbox.runShellCommand(command, options);
  }

  async runIpythonCell(code: string, options?: CellOptions): Promise<CellResult> {
    return this.#body.sandbox.runIpythonCell(code, options);
  }

  async restartKernel(options?: CallOptions): Promise<void> {
    await this.#body.sandbox.restartKernel(options);
  }

  async listTools(options?: CallOptions): Promise<readonly SandboxTool[]> {
    return this.#body.sandbox.listTools(options);
  }

  async callTool(name: string, toolArguments: unknown, options?: CallOptions): Promise<McpToolResult> {
    return this.#body.sandbox.callTool(name, toolArguments, options);
  }

  async addMcpServers(
    servers: Readonly<Record<string, McpServerConfig>>,
    options?: AddMcpServersOptions,
  ): Promise<void> {
    await this.#body.sandbox.addMcpServers(servers, options);
  }

  async connect(port: number, options?: CallOptions): Promise<Duplex> {
    return this.#body.sandbox.connect(port, options);
  }

  async pause(options?: CallOptions): Promise<void> {
    await this.#inTurn(options, async () => {
      if (this.#state === "paused") return;
      await this.#body.pause();
      this.#time.stop();
      this.#enter("paused");
    });
  }

  async resume(options?: CallOptions): Promise<void> {
    await this.#inTurn(options, async () => {
      if (this.#state === "running") return;
      await this.#body.resume();
      this.#time.go();
      this.#enter("running");
    });
  }

  async snapshot(options?: CallOptions): Promise<SandboxSnapshot> {
    this.#assertOpen(options);
    return this.#body.snapshot(options?.signal);
  }

  async extend(ttlMs: number, options?: CallOptions): Promise<void> {
    this.#assertOpen(options);
    this.#time.extend(ttlMs);
  }

  /** Resolves when nothing of it is left. */
  async end(end: SandboxEnd): Promise<void> {
    this.#end ??= end;
    this.#closing ??= this.#close(this.#end);
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end({ reason: "disposed", message: "It was disposed." });
  }

  async #close(end: SandboxEnd): Promise<void> {
    this.#time.stop();
    const ending = this.#body.sandbox.end(end);
    await Promise.allSettled([ending, this.#body.close(this.#state === "paused")]);
    this.#ended.resolve(end);
  }

  async #inTurn(options: CallOptions | undefined, work: () => Promise<void>): Promise<void> {
    this.#assertOpen(options);
    const turn = this.#turn.then(async () => {
      this.#assertOpen(options);
      await work();
    });
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  #enter(state: SandboxRecord["state"]): void {
    this.#state = state;
    this.#body.note(state);
  }

  #assertOpen(options: CallOptions | undefined): void {
    options?.signal?.throwIfAborted();
    if (this.#end === undefined) return;
    const { reason, message } = this.#end;
    const text = `Sandbox ${this.id} has ended (${reason}): ${message}`;
    throw new RuntimeError("not_found", text, { details: { reason } });
  }
}
