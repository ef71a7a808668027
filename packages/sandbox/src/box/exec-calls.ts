import { RuntimeError } from "@agentscope-runtime/protocol";

const mostCanceled = 1_000;

interface Call {
  readonly stop: AbortController;
  readonly done: Promise<undefined>;
}

/** Commands under way, by the ids that their callers gave them. */
export class ExecCalls {
  readonly #calls = new Map<string, Call>();
  /** Those that were canceled before they came, since the two may overtake each other. */
  readonly #early = new Set<string>();

  /** `conflict` for an id that is taken, `canceled` for one that was canceled before. Call `done` at the end of it. */
  begin(id: string, hangUp: AbortSignal): { readonly signal: AbortSignal; readonly done: () => void } {
    if (this.#early.delete(id)) throw canceled();
    if (this.#calls.has(id))
      throw new RuntimeError("conflict", "A command with this id is under way: choose another id.");
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const stop = new AbortController();
    const onHangUp = (): void => {
      stop.abort(hangUp.reason);
    };
    hangUp.addEventListener("abort", onHangUp);
    if (hangUp.aborted) onHangUp();
    this.#calls.set(id, { stop, done: promise });
    return {
      signal: stop.signal,
      done: () => {
        hangUp.removeEventListener("abort", onHangUp);
        this.#calls.delete(id);
        resolve(undefined);
      },
    };
  }

  /** Resolves when the command and its children are gone. */
  async cancel(id: string): Promise<void> {
    const call = this.#calls.get(id);
    call?.stop.abort(canceled());
    if (call !== undefined) await call.done;
    else if (this.#early.size < mostCanceled) this.#early.add(id);
  }
}

function canceled(): RuntimeError {
  return new RuntimeError("canceled", "The command was canceled.");
}
