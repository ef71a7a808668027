import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { SandboxEnd } from "../sandbox-end.ts";

/** Whether a sandbox may still be called, and what its end does to the calls under way. */
export class LocalLifetime {
  readonly #id: string;
  readonly #ended = new AbortController();

  constructor(id: string) {
    this.#id = id;
  }

  /** Aborts when the sandbox ends, with the error that its calls reject with. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  end({ reason, message }: SandboxEnd): void {
    const text = `Sandbox ${this.#id} has ended (${reason}): ${message}`;
    this.#ended.abort(new RuntimeError("not_found", text, { details: { reason } }));
  }

  /** What every call begins with. */
  assertOpen(options?: CallOptions): void {
    this.#ended.signal.throwIfAborted();
    options?.signal?.throwIfAborted();
  }

  /** Calls back once, with the reason, when the caller aborts or the sandbox ends. Returns what undoes it. */
  onStop(signal: AbortSignal | undefined, stop: (reason: unknown) => void): () => void {
    const both = [this.#ended.signal, ...(signal ? [signal] : [])];
    const undo = (): void => {
      for (const each of both) each.removeEventListener("abort", onAbort);
    };
    const onAbort = ({ target }: Event): void => {
      undo();
      stop((target as AbortSignal).reason); // Only signals are listened to.
    };
    for (const each of both) each.addEventListener("abort", onAbort);
    return undo;
  }
}
