import { eachEntry } from "../each-entry.ts";
import type { RunEntry, RunKey, RunLog, RunReadOptions } from "../run-log.ts";

/** A run's events one by one: where its batches end is nobody's promise. */
export function readEach(log: RunLog, key: RunKey, options?: RunReadOptions): AsyncIterable<RunEntry, undefined> {
  return eachEntry(log.read(key, options));
}
