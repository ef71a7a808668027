import type { z } from "zod";
import type { ToolResult } from "./tool-result.ts";

/** A JSON Schema of an object. */
export type ToolInputSchema = Readonly<Record<string, unknown>> & { readonly type: "object" };

export interface ToolRunOptions {
  /** Aborts when the result is no longer wanted. The tool stops what it does, and rejects. */
  readonly signal?: AbortSignal;
  /** The id of the model's call. The same id again is the same call, repeated. */
  readonly callId?: string;
  /** Told what the result is so far, each time it grows; the latest replaces the earlier ones. */
  readonly onUpdate?: (result: ToolResult) => void;
}

/**
 * Something that a model may call. It belongs to no framework; adapters turn it into their framework's own.
 *
 * `toolContract` of `@agentscope-runtime/tools/testing` is the full text of this contract.
 */
export interface Tool<Input = unknown> {
  /** What the model calls it by: 1 to 64 letters, digits, `_` and `-`. */
  readonly name: string;
  /** For the model: what it does and when to use it. */
  readonly description: string;
  /** What it takes. Whoever calls `run` has parsed the model's arguments with it; `callTool` does. */
  readonly input: z.ZodType<Input>;
  /** The same as JSON Schema 2020-12, for the model. */
  readonly inputSchema: ToolInputSchema;
  /** It only looks: calling it again changes nothing. Tools that are not are never repeated silently. */
  readonly readOnly: boolean;
  /** A failure that the model can act on is a result with `isError`. Rejects when it was aborted, and for bugs. */
  run(input: Input, options?: ToolRunOptions): Promise<ToolResult>;
}
