import type { AgentOutput } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ChunkReader } from "./chunk-reader.ts";
import type {
  MastraAgentChunk,
  MastraExecution,
  MastraNetworkChunk,
  MastraToolPayload,
  MastraUsage,
} from "./mastra-chunk.ts";
import { toUsage } from "./to-usage.ts";

/**
 * Reads the stream of a network as if it were one agent's: what the router thinks and says, and the agents, workflows and tools
 * that it hands the work to as calls of tools.
 */
export class NetworkReader {
  readonly #reader: ChunkReader;
  /** A network runs one thing at a time. */
  #running: MastraToolPayload | undefined;
  #rounds = 0;
  /** The router has said the answer itself. */
  #spoke = false;
  /** What the agents inside have reported. */
  readonly #told = new Map<string, number>();

  constructor(reader: ChunkReader) {
    this.#reader = reader;
  }

  *read(chunk: MastraNetworkChunk): Generator<AgentOutput> {
    if (chunk.type === "network-execution-event-finish") {
      yield* this.#finish(chunk);
      return;
    }
    for (const inner of this.#toAgentChunks(chunk)) yield* this.#pass(inner);
  }

  *#pass(chunk: MastraAgentChunk): Generator<AgentOutput> {
    for (const output of this.#reader.read(chunk)) {
      if (typeof output !== "string" && output.type === "usage") this.#count(output.usage);
      yield output;
    }
  }

  #count(usage: Readonly<Record<string, unknown>>): void {
    for (const [name, count] of Object.entries(usage)) {
      if (typeof count === "number") this.#told.set(name, (this.#told.get(name) ?? 0) + count);
    }
  }

  *#toAgentChunks(
    chunk: Exclude<MastraNetworkChunk, { type: "network-execution-event-finish" }>,
  ): Generator<MastraAgentChunk> {
    const { runId } = chunk;
    switch (chunk.type) {
      case "routing-agent-start":
        this.#rounds += 1;
        this.#spoke = false;
        break;
      case "routing-agent-text-delta":
        this.#spoke = true;
        yield { type: "text-delta", runId, payload: { id: `router:${this.#rounds}`, text: chunk.payload.text } };
        break;
      case "routing-agent-end": {
        const { selectionReason = "", isComplete } = chunk.payload;
        if (isComplete === true) break;
        yield { type: "reasoning-delta", runId, payload: { id: `router:${this.#rounds}`, text: selectionReason } };
        break;
      }
      case "agent-execution-start":
      case "workflow-execution-start":
      case "tool-execution-start": {
        const { args, ...call } = callOf(chunk.payload, this.#rounds);
        this.#running = call;
        yield { type: "tool-call", runId, payload: { ...call, args } };
        break;
      }
      case "agent-execution-event":
        if (this.#running === undefined) break;
        yield { type: "tool-output", runId, payload: { ...this.#running, output: chunk.payload } };
        break;
      case "agent-execution-end":
      case "workflow-execution-end":
      case "tool-execution-end":
        if (this.#running === undefined) break;
        yield { type: "tool-result", runId, payload: { ...this.#running, result: chunk.payload.result } };
        this.#running = undefined;
        break;
      case "agent-execution-approval":
      case "tool-execution-approval":
        yield { type: "tool-call-approval", runId, payload: chunk.payload };
        break;
      case "agent-execution-suspended":
      case "tool-execution-suspended":
      case "workflow-execution-suspended":
        yield { type: "tool-call-suspended", runId, payload: chunk.payload };
        break;
      case "routing-agent-abort":
      case "agent-execution-abort":
      case "workflow-execution-abort":
      case "tool-execution-abort":
        throw new RuntimeError("canceled", "The operation was canceled.");
    }
  }

  /** The answer, where the router has not said it, and the tokens that the router itself has spent. */
  *#finish({
    runId,
    payload,
  }: Extract<MastraNetworkChunk, { type: "network-execution-event-finish" }>): Generator<AgentOutput> {
    const { result } = payload;
    if (!this.#spoke && typeof result === "string") {
      yield* this.#reader.read({ type: "text-delta", runId, payload: { id: "result", text: result } });
    }
    const rest = this.#rest(payload.usage);
    if (rest !== undefined) yield { type: "usage", usage: rest };
  }

  #rest(usage: MastraUsage | undefined): Readonly<Record<string, number>> | undefined {
    const rest = Object.entries(toUsage(usage) ?? {}).flatMap(([name, count]): [string, number][] =>
      typeof count === "number" && count > (this.#told.get(name) ?? 0)
        ? [[name, count - (this.#told.get(name) ?? 0)]]
        : [],
    );
    return rest.length === 0 ? undefined : Object.fromEntries(rest);
  }
}

/** The name that Mastra gives an agent or a workflow where it is a tool. */
function callOf(execution: MastraExecution, round: number): MastraToolPayload & { readonly args: unknown } {
  const { agentId, workflowId, args, runId } = execution;
  if (agentId !== undefined) return { toolCallId: runId, toolName: `agent-${agentId}`, args: { prompt: args.prompt } };
  if (workflowId !== undefined) {
    return { toolCallId: runId, toolName: `workflow-${workflowId}`, args: { prompt: args.prompt } };
  }
  const { toolCallId = `${runId}:${round}`, toolName = "tool", args: input } = args;
  return { toolCallId, toolName, args: input };
}
