import { RuntimeError } from "@agentscope-runtime/protocol";
import { incompleteFor, incompleteReasonOf } from "./incomplete-for.ts";
import type { Ending } from "./narrator.ts";

/** `setTimeout` takes no more; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** What stops a run, whether its caller, its time or its budget, as one signal. */
export class RunStop {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops the run when it takes longer from now on. */
  limit(maxRunMs: number): void {
    this.#timer = setTimeout(onTime, Math.min(maxRunMs, longestTimerMs), this).unref();
  }

  stop(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** How a run ends in which this was thrown. A stopped run ends by why it was stopped, whatever the agent made of it. */
  endingOf(thrown: unknown): Ending {
    const { signal } = this;
    return endingOf(signal.aborted ? signal.reason : thrown, { stopped: signal.aborted });
  }

  /**
   * Lets go of the timer. Unless the agent came to its own end, the signal aborts: what it
   * started may still be at work, such as a model call whose stream was left.
   */
  close({ complete }: { readonly complete: boolean }): void {
    clearTimeout(this.#timer);
    if (!complete) this.#controller.abort(new RuntimeError("canceled", "The run has ended."));
  }
}

function onTime(stop: RunStop): void {
  stop.stop(incompleteFor("wall_time"));
}

/** How a run ends that was stopped for a reason, or in which this was thrown. */
export function endingOf(thrown: unknown, { stopped }: { readonly stopped: boolean }): Ending {
  const error = RuntimeError.from(thrown);
  const reason = incompleteReasonOf(error);
  if (reason !== undefined) return { status: "incomplete", reason };
  if (stopped || error.code === "canceled") return { status: "canceled" };
  return { status: "failed", error: error.toJSON() };
}
