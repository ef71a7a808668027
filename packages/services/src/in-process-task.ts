import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Task, TaskKey, TaskRecord } from "./task-queue.ts";

export interface NewInProcessTask {
  readonly key: TaskKey;
  /** JSON text. */
  readonly payload: string;
  readonly createdAt: number;
  readonly maxAttempts: number;
  readonly retryDelayMs: number;
}

/** What came of an attempt: JSON text, or the words of an error. */
export type Outcome = { readonly result: string } | { readonly error: string };

/** What has become of one task so far. When it is done, and by whom, is for others to say. */
export class InProcessTask {
  readonly key: TaskKey;
  readonly retryDelayMs: number;
  readonly #payload: string;
  readonly #createdAt: number;
  #maxAttempts: number;
  #attempts = 0;
  #status: TaskRecord["status"] = "pending";
  #result = "null";
  #error: string | undefined;
  #endedAt: number | undefined;
  /** Of the attempt that counts. */
  #stopping: AbortController | undefined;

  constructor({ key, payload, createdAt, maxAttempts, retryDelayMs }: NewInProcessTask) {
    this.key = key;
    this.retryDelayMs = retryDelayMs;
    this.#payload = payload;
    this.#createdAt = createdAt;
    this.#maxAttempts = maxAttempts;
  }

  get ended(): boolean {
    return this.#endedAt !== undefined;
  }

  /** The attempt that has begun; its signal is what `settle` knows it by. */
  begin(): { readonly task: Task; readonly signal: AbortSignal } {
    this.#status = "running";
    this.#attempts++;
    this.#stopping = new AbortController();
    const task = { ...this.key, payload: JSON.parse(this.#payload) as unknown, attempt: this.#attempts };
    return { task, signal: this.#stopping.signal };
  }

  /** Takes down what came of an attempt, and tells whether it counts: not once the task was stopped. */
  settle(signal: AbortSignal, outcome: Outcome, now: number): boolean {
    if (signal !== this.#stopping?.signal) return false;
    this.#stopping = undefined;
    if ("result" in outcome) {
      this.#result = outcome.result;
      this.#error = undefined;
      this.#end("finished", now);
    } else {
      this.#error = outcome.error;
      if (this.#attempts < this.#maxAttempts) this.#status = "pending";
      else this.#end("error", now);
    }
    return true;
  }

  /** Ends a task that has not ended, and aborts the attempt under way. */
  cancel(now: number): void {
    this.#end("canceled", now);
    this.stop(new RuntimeError("canceled", "The task was canceled."));
  }

  /** Aborts the attempt under way: whatever comes of it no longer counts. */
  stop(reason: RuntimeError): void {
    const stopping = this.#stopping;
    this.#stopping = undefined;
    stopping?.abort(reason);
  }

  /** Makes it pending again, for one attempt. */
  retry(): void {
    if (this.#status !== "error" && this.#status !== "canceled") {
      throw new RuntimeError("conflict", "Only a task that ended as error or canceled is tried again.", {
        details: { status: this.#status },
      });
    }
    this.#status = "pending";
    this.#endedAt = undefined;
    this.#maxAttempts = this.#attempts + 1;
  }

  toRecord(): TaskRecord {
    return {
      ...this.key,
      payload: JSON.parse(this.#payload),
      status: this.#status,
      attempts: this.#attempts,
      result: JSON.parse(this.#result),
      error: this.#error,
      createdAt: this.#createdAt,
      endedAt: this.#endedAt,
    };
  }

  #end(status: "finished" | "error" | "canceled", now: number): void {
    this.#status = status;
    this.#endedAt = now;
  }
}
