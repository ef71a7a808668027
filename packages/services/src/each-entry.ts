import type { RunEntry } from "./run-log.ts";

/** The events of a run one by one, for who does not want them in batches. A loop can be left while it waits. */
export function eachEntry(batches: AsyncIterable<readonly RunEntry[]>): AsyncIterable<RunEntry, undefined> {
  return { [Symbol.asyncIterator]: () => entriesOf(batches[Symbol.asyncIterator]()) };
}

/** No generator: one that waits cannot be left. */
function entriesOf(batches: AsyncIterator<readonly RunEntry[]>): AsyncIterator<RunEntry, undefined> {
  let batch: readonly RunEntry[] = [];
  let at = 0;
  return {
    async next() {
      for (;;) {
        const entry = batch[at];
        at += 1;
        if (entry !== undefined) return { done: false, value: entry };
        const result = await batches.next();
        if (result.done === true) return { done: true, value: undefined };
        batch = result.value;
        at = 0;
      }
    },
    async return() {
      await batches.return?.();
      return { done: true, value: undefined };
    },
  };
}
