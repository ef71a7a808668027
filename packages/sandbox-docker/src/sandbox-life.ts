import { RuntimeError } from "@agentscope-runtime/protocol";
import type { SandboxEnd } from "@agentscope-runtime/sandbox";
import type { CallOptions } from "@agentscope-runtime/services";

/** How long the engine may take to say that a box has ended whose connection broke. */
const newsMs = 2000;

/** Whether a sandbox may still be called, and why not. */
export class SandboxLife {
  readonly #id: string;
  readonly #over = new AbortController();

  constructor(id: string) {
    this.#id = id;
  }

  /** Aborts when the sandbox ends, with the error that its calls reject with. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** From now on every call, also one that is under way, rejects with `not_found` and the reason. */
  end({ reason, message }: SandboxEnd): void {
    const text = `Sandbox ${this.#id} has ended (${reason}): ${message}`;
    this.#over.abort(new RuntimeError("not_found", text, { details: { reason } }));
  }

  assertOpen(options?: CallOptions): void {
    this.#over.signal.throwIfAborted();
    options?.signal?.throwIfAborted();
  }

  /** What a call to a box that is lost rejects with. It has often ended, and the engine says so a moment later. */
  async explain(lost: RuntimeError): Promise<unknown> {
    const { signal } = this.#over;
    if (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, newsMs);
        const onAbort = (): void => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener("abort", onAbort, { once: true });
      });
    }
    return signal.aborted ? signal.reason : lost;
  }
}
