import { RuntimeError } from "@agentscope-runtime/protocol";
import type { SessionKey, StateService } from "@agentscope-runtime/services";

export interface OnceOptions<T> {
  /**
   * Finds out whether work that was interrupted has been done after all, such as by asking the payment's provider:
   * `{ result }` when it has, undefined when it has not and may be done now.
   */
  readonly reconcile?: () => Promise<{ readonly result: T } | undefined>;
}

/**
 * Does something that must not happen twice in a session, under a key of its own: what is about to happen is written
 * down before, the result after.
 *
 * A key whose work is done gives its result again, from whichever run or replica. When work was begun and its end is not
 * known, since the process died or the run was stopped, it is not begun again: `reconcile` decides, and without it this is
 * a `conflict`. Work that fails may be tried again. Results are JSON.
 */
export type Once = <T>(key: string, work: () => Promise<T>, options?: OnceOptions<T>) => Promise<T>;

type LedgerEntry =
  | { readonly status: "begun"; readonly runId: string }
  | { readonly status: "done"; readonly result: unknown }
  | { readonly status: "failed" };

export interface LedgerOptions {
  readonly session: SessionKey;
  readonly runId: string;
  /** Aborts when the run has to stop: work that was under way then has no known end. */
  readonly signal: AbortSignal;
}

/** The ledger of a session's work with side effects, in the state service. */
export function createOnce(state: StateService, { session, runId, signal }: LedgerOptions): Once {
  return async (name, work, options = {}) => {
    const key = { ...session, name: `once/${name}` };
    const write = async (entry: LedgerEntry, expectedVersion: number): Promise<number> =>
      (await state.save(key, entry, { expectedVersion })).version;

    const known = await state.load(key, { signal });
    const entry = known?.state as LedgerEntry | undefined; // Only `write` writes there.
    // A result that was undefined is null in JSON.
    if (entry?.status === "done") return entry.result as Awaited<ReturnType<typeof work>>;
    let version = known?.version ?? 0;
    if (entry?.status === "begun") {
      if (options.reconcile === undefined) throw notKnown(name, entry.runId);
      const done = await options.reconcile();
      if (done !== undefined) {
        await write({ status: "done", result: done.result ?? null }, version);
        return done.result;
      }
    }
    version = await write({ status: "begun", runId }, version);
    try {
      const result = await work();
      await write({ status: "done", result: result ?? null }, version);
      return result;
    } catch (thrown) {
      // Stopped is not failed: it may have happened all the same.
      if (!signal.aborted) await write({ status: "failed" }, version);
      throw thrown;
    }
  };
}

function notKnown(name: string, runId: string): RuntimeError {
  const message = `"${name}" was begun by run ${runId} and its end is not known: it is not done again. Give \`reconcile\` to find out.`;
  return new RuntimeError("conflict", message, { details: { key: name, runId } });
}
