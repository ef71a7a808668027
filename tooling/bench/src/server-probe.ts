// Loaded into every server under test before its own code. Answers the benchmark over the channel that `fork` opens, so
// that no request of its own disturbs what is measured, and ends the server when the benchmark is gone.
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ProbeQuestion, ProcessSample } from "./process-sample.ts";

/**
 * The kind of collection that gives back all it can. A plain one leaves the young generation at the size that the load made it,
 * 60 MB after a burst, which are the process's and would be counted as its streams'.
 */
const everything = { type: "major", execution: "sync", flavor: "last-resort" } as const;

async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.(everything);
    await nextTurn();
  }
}

async function sample({ collect }: ProbeQuestion): Promise<ProcessSample> {
  if (collect) await collectGarbage();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return {
    atMs: performance.now(),
    cpuMs: (user + system) / 1000,
    rssBytes: rss,
    // Kilobytes on every system that Node runs on.
    peakRssBytes: process.resourceUsage().maxRSS * 1024,
    heapBytes: heapUsed + external,
  };
}

process.on("message", (question) => {
  void sample(question as ProbeQuestion).then((answer) => process.send?.(answer)); // Only the benchmark asks.
});
process.on("disconnect", () => {
  process.exit(0);
});
// The channel alone is no reason to stay alive.
process.channel?.unref();
