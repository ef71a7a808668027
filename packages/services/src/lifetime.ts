import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "./call-options.ts";
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

  /** What every call begins with: throws the signal's reason, or `unavailable` once the service is disposed. */
  assertOpen(options?: CallOptions): void {
    options?.signal?.throwIfAborted();
    if (this.#over) throw this.error();
  }

  /** Does a call's work, unless it may not begin. When the signal aborts, the caller hears so at once. */
  async call<T>(options: CallOptions | undefined, work: () => Promise<T>): Promise<T> {
    this.assertOpen(options);
    return untilAborted(work(), options?.signal);
  }

  /** What those get who still wait when the service is disposed. */
  error(): RuntimeError {
    return new RuntimeError("unavailable", `${this.#name} has been disposed.`);
  }
}
