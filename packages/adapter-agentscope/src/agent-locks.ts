import { untilAborted } from "@agentscope-runtime/services";

/** One run at a time for each agent: the framework mixes two that run at once. */
export class AgentLocks {
  readonly #last = new WeakMap<object, Promise<unknown>>();

  /** Waits for those before. What it returns lets the next one in. */
  async lock(agent: object, signal: AbortSignal): Promise<() => void> {
    const before = this.#last.get(agent) ?? Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#last.set(
      agent,
      before.then(() => promise),
    );
    const unlock = (): void => {
      resolve(undefined);
    };
    try {
      await untilAborted(before, signal);
    } catch (thrown) {
      unlock();
      throw thrown;
    }
    return unlock;
  }
}
