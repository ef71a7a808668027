import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import { untilAborted } from "./until-aborted.ts";

/** Whether a service may still be called. */
export class Lifetime {
  readonly #name: string;
  #over = false;

  constructor(name: string) {
    this.#name = name;
  }

  end(): void {
    this.#over = true;
  }

  assertOpen(options?: CallOptions): void {
    options?.signal?.throwIfAborted();
    if (this.#over) throw this.error();
  }

  /** What those get who still wait when the service is disposed. */
  error(): RuntimeError {
    return new RuntimeError("unavailable", `${this.#name} has been disposed.`);
  }

  /** Does a call's work, unless it may not begin. When the signal aborts, the caller hears so at once. */
  async call<T>(options: CallOptions | undefined, work: () => Promise<T>): Promise<T> {
    this.assertOpen(options);
    return untilAborted(work(), options?.signal);
  }
}
