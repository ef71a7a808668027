import type { AgentItem } from "./agent-item.ts";

type Fields = Readonly<Record<string, unknown>>;

/** A raw item, as a run item holds it. */
export type RawItem = Fields & { readonly type?: string };

/** A run item, with the fields that are read. */
export interface AgentsRunItem {
  readonly rawItem: RawItem;
  /** What the tool returned. */
  readonly output?: unknown;
  /** `executed` when the tool has run. */
  readonly executionStatus?: string | undefined;
  /** Who the work was handed to. */
  readonly targetAgent?: { readonly name: string };
}

/** A call that waits for a person. */
export interface AgentsApproval {
  readonly rawItem: object;
  readonly toolName?: string | undefined;
}

/** Tokens, as the SDK counts them. */
export interface AgentsUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly totalTokens: number;
  readonly inputTokensDetails?: Readonly<Record<string, number>> | readonly Readonly<Record<string, number>>[];
  readonly outputTokensDetails?: Readonly<Record<string, number>> | readonly Readonly<Record<string, number>>[];
}

/** The part of the SDK's `RunState` that is used. */
export interface AgentsRunState {
  readonly usage: AgentsUsage;
  getInterruptions(): readonly AgentsApproval[];
  approve(approval: never): void;
  reject(approval: never, options?: { message?: string }): void;
  addInput(input: AgentItem[]): void;
  toString(): string;
}

/** The part of a `StreamedRunResult` that is read. */
export interface AgentsRun<State extends AgentsRunState = AgentsRunState> extends AsyncIterable<{
  readonly type: string;
}> {
  readonly state: State;
  readonly interruptions: readonly AgentsApproval[];
  /** It was aborted, or nobody reads it any more. */
  readonly cancelled: boolean;
  /** Settles when the model and the tools have stopped too. */
  readonly completed: Promise<void>;
}

/** What models of the SDK stream. Events that are not listed carry nothing for a client. */
export type ModelEvent =
  | { readonly type: "response_started" }
  | { readonly type: "output_text_delta"; readonly delta: string; readonly itemId?: string | undefined }
  | { readonly type: "response_done"; readonly response: { readonly usage: AgentsUsage } }
  /** What the provider sent, in its own form. */
  | { readonly type: "model"; readonly event: unknown };

/** The events of a run, with the fields that are read. */
export type RunEvent =
  | { readonly type: "raw_model_stream_event"; readonly data: ModelEvent }
  | { readonly type: "run_item_stream_event"; readonly name: string; readonly item: AgentsRunItem };
