import { RuntimeError } from "@agentscope-runtime/protocol";
import type { StateKey, StateService } from "@agentscope-runtime/services";

const mostTries = 20;

export interface StateChange<State, Result> {
  /** Left out: nothing is saved. */
  readonly next?: State;
  readonly result: Result;
}

/** Applies a change to the state that is there; again when another one came between. */
export async function changeState<State, Result>(
  states: StateService,
  key: StateKey,
  change: (state: State | undefined) => StateChange<State, Result>,
): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    const saved = await states.load(key);
    // Only this adapter writes under its names.
    const { next, result } = change(saved?.state as State | undefined);
    if (next === undefined) return result;
    try {
      await states.save(key, next, { expectedVersion: saved?.version ?? 0 });
      return result;
    } catch (thrown) {
      if (!RuntimeError.is(thrown) || thrown.code !== "conflict" || tries === mostTries) throw thrown;
    }
  }
}
