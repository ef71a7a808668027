import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { SandboxBackend } from "./sandbox-backend.ts";

/** A way to get a backend, which this machine may not have. */
export interface BackendOpener {
  /** For people, such as `docker`. */
  readonly name: string;
  /** Rejects with `unavailable`, and what is missing, where it cannot be had. */
  open(options?: CallOptions): Promise<SandboxBackend>;
}

/** A backend that could not be had. */
export interface RefusedBackend {
  readonly name: string;
  /** What is missing, and the remedy. */
  readonly reason: string;
}

export interface StrongestBackend {
  /** Yours to dispose. */
  readonly backend: SandboxBackend;
  /** Those before it, in order, and why they were not taken. */
  readonly refused: readonly RefusedBackend[];
}

/**
 * The first backend that opens: name the strongest first. Only `unavailable` leads to the next one; any other error is thrown, so that a
 * mistake in the options of one never ends in weaker walls. `unavailable`, with all reasons, when none opens.
 *
 * @example
 * ```ts
 * const { backend, refused } = await strongestBackend([
 *   { name: "bubblewrap", open: async () => openBubblewrapBackend() },
 *   { name: "wasm", open: async () => openWasmBackend({ logger }) },
 * ]);
 * ```
 */
export async function strongestBackend(
  openers: readonly BackendOpener[],
  options?: CallOptions,
): Promise<StrongestBackend> {
  const refused: RefusedBackend[] = [];
  for (const opener of openers) {
    options?.signal?.throwIfAborted();
    try {
      return { backend: await opener.open(options), refused };
    } catch (thrown) {
      if (!RuntimeError.is(thrown) || thrown.code !== "unavailable") throw thrown;
      refused.push({ name: opener.name, reason: thrown.message });
    }
  }
  const reasons = refused.map(({ name, reason }) => `${name}: ${reason}`).join("\n");
  throw new RuntimeError("unavailable", `There is no backend for sandboxes here.\n${reasons}`.trim(), {
    details: { refused },
  });
}
