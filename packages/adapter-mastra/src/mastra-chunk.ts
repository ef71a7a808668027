/** What a part of a stream says about a tool's call. */
export interface MastraToolPayload {
  readonly toolCallId: string;
  readonly toolName: string;
}

export interface MastraToolCallPayload extends MastraToolPayload {
  readonly args?: unknown;
}

/** Tokens of one model call. */
export interface MastraUsage {
  readonly inputTokens?: number | undefined;
  readonly outputTokens?: number | undefined;
  readonly totalTokens?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  readonly cachedInputTokens?: number | undefined;
  readonly cacheCreationInputTokens?: number | undefined;
}

/** A generated file. */
export interface MastraFile {
  /** Base64, or the bytes. */
  readonly data: string | Uint8Array;
  readonly base64?: string | undefined;
  readonly mimeType: string;
  readonly filename?: string | undefined;
}

/** A page or a document that the answer is based on. */
export interface MastraSource {
  readonly id: string;
  readonly sourceType: "url" | "document";
  readonly title?: string | undefined;
  readonly mimeType?: string | undefined;
  readonly filename?: string | undefined;
  readonly url?: string | undefined;
}

interface Speech {
  /** One block of text has one id. */
  readonly id: string;
  readonly text: string;
}

export interface MastraStepEnd {
  readonly stepResult?: { readonly isContinued?: boolean | undefined } | undefined;
  readonly output?:
    | {
        readonly usage?: MastraUsage | undefined;
        /** All steps up to this one. */
        readonly steps?: readonly { readonly usage?: MastraUsage | undefined }[] | undefined;
      }
    | undefined;
}

/** Some `T` of a stream, with what it carries. */
interface Chunk<Type extends string, Payload> {
  readonly type: Type;
  /** The run of Mastra's; one that is resumed keeps it. */
  readonly runId: string;
  readonly payload: Payload;
}

/** The chunks of an agent's stream that this adapter reads, with the fields that it reads. */
export type MastraAgentChunk =
  | Chunk<"text-delta" | "reasoning-delta", Speech>
  | Chunk<"tool-call-input-streaming-start", MastraToolPayload>
  | Chunk<"tool-call-delta", { readonly toolCallId: string; readonly argsTextDelta: string }>
  | Chunk<"tool-call", MastraToolCallPayload>
  | Chunk<"tool-result", MastraToolPayload & { readonly result?: unknown; readonly isError?: boolean | undefined }>
  | Chunk<"tool-error", MastraToolPayload & { readonly error: unknown }>
  | Chunk<"tool-output-denied", MastraToolPayload & { readonly approval?: { readonly reason?: string | undefined } }>
  /** Something that a running tool tells: what it writes, or a chunk of the agent that it is. */
  | Chunk<
      "tool-output",
      { readonly toolCallId: string; readonly toolName?: string | undefined; readonly output: unknown }
    >
  | Chunk<"tool-call-approval", MastraToolCallPayload>
  | Chunk<"tool-call-suspended", MastraToolCallPayload & { readonly suspendPayload?: unknown }>
  | Chunk<"file", MastraFile>
  | Chunk<"source", MastraSource>
  | Chunk<"step-finish", MastraStepEnd>
  | Chunk<"finish", { readonly stepResult?: { readonly reason?: string | undefined } | undefined }>
  | Chunk<"tripwire", { readonly retry?: boolean | undefined }>
  | Chunk<"error", { readonly error: unknown }>
  | Chunk<"abort", unknown>
  /** A step of a workflow that is a tool; an agent may speak inside. */
  | Chunk<"workflow-step-output", { readonly output?: unknown }>
  | { readonly type: "object-result"; readonly object: unknown };

/** What a network hands work to. */
export interface MastraExecution {
  readonly agentId?: string;
  readonly workflowId?: string;
  readonly runId: string;
  readonly args: {
    /** What an agent or a workflow is asked. */
    readonly prompt?: unknown;
    /** The call, where it is a tool. */
    readonly toolCallId?: string;
    readonly toolName?: string;
    readonly args?: unknown;
  };
}

/** The chunks of a network's stream that this adapter reads. */
export type MastraNetworkChunk =
  | Chunk<"routing-agent-start", unknown>
  | Chunk<"routing-agent-text-delta", { readonly text: string }>
  | Chunk<
      "routing-agent-end",
      { readonly selectionReason?: string | undefined; readonly isComplete?: boolean | undefined }
    >
  | Chunk<"agent-execution-start" | "workflow-execution-start" | "tool-execution-start", MastraExecution>
  /** One of many types that begin so; it carries a chunk of the agent or the workflow. */
  | Chunk<"agent-execution-event", unknown>
  | Chunk<"agent-execution-end" | "workflow-execution-end" | "tool-execution-end", { readonly result?: unknown }>
  | Chunk<"agent-execution-approval" | "tool-execution-approval", MastraToolCallPayload>
  | Chunk<
      "agent-execution-suspended" | "tool-execution-suspended" | "workflow-execution-suspended",
      MastraToolCallPayload & { readonly suspendPayload?: unknown }
    >
  | Chunk<
      "routing-agent-abort" | "agent-execution-abort" | "workflow-execution-abort" | "tool-execution-abort",
      unknown
    >
  | Chunk<"network-execution-event-finish", { readonly result?: unknown; readonly usage?: MastraUsage | undefined }>;

/** What a tool or a processor tells the client itself: `writer.custom({ type: "data-…" })`. */
export interface MastraDataChunk {
  readonly type: `data-${string}`;
  readonly data: unknown;
  readonly id?: string | undefined;
}

/** A chunk of any type; types that are not listed here carry nothing for a client. */
export interface MastraChunk {
  readonly type: string;
}

/** A chunk of another agent, as a tool that is an agent hands it on. */
export function isAgentChunk(value: unknown): value is MastraAgentChunk {
  if (typeof value !== "object" || value === null) return false;
  return "type" in value && typeof value.type === "string" && "from" in value && "payload" in value;
}

export function isDataChunk(value: unknown): value is MastraDataChunk {
  if (typeof value !== "object" || value === null || !("type" in value) || !("data" in value)) return false;
  return typeof value.type === "string" && value.type.startsWith("data-");
}

/** The chunk of a network that this is, under the types that are listed; undefined for an agent's own. */
export function toNetworkChunk(chunk: MastraChunk): MastraNetworkChunk | undefined {
  if (!isOfNetwork(chunk)) return undefined;
  // Mastra's word: a chunk of a network with one of our types has our fields. Chunks of other types fall through the reader.
  return /^(agent|workflow)-execution-event-/.test(chunk.type) ? { ...chunk, type: "agent-execution-event" } : chunk;
}

function isOfNetwork(chunk: MastraChunk): chunk is MastraNetworkChunk {
  return "from" in chunk && chunk.from === "NETWORK";
}
