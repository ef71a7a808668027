import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../percentile.ts";
import { Connection } from "./connection.ts";
import { encodeRequest } from "./encode-request.ts";
import type { LoadReport, PacedFigures, PacedPlan } from "./plan.ts";
import { WindowClock } from "./window-clock.ts";

/** The streams begin evenly over this time. */
const rampMs = 1_000;

/** How much longer than the plan a stream could go on. */
const reserveMs = 60_000;

/** Drives a paced plan. Rejects when a connection breaks or a stream ends. */
export async function paced(
  { url: address, streams, intervalMs, window }: PacedPlan,
  report: (report: LoadReport) => void,
): Promise<PacedFigures> {
  const url = new URL(address);
  const tokens = Math.ceil((rampMs + window.warmUpMs + window.windowMs + reserveMs) / intervalMs);
  const request = encodeRequest(url, { tokens, intervalMs })("");
  const clock = new WindowClock(report);
  const lateness: number[] = [];
  const connections = await Connection.openMany(url, streams);
  const stop = new AbortController();

  const drive = async (connection: Connection, index: number): Promise<never> => {
    await sleep((index * rampMs) / streams, undefined, { signal: stop.signal });
    let last = performance.now();
    await connection.run(request, (count) => {
      const now = performance.now();
      if (clock.open) {
        lateness.push(now - last - intervalMs);
        // What came in the same bytes followed without any gap.
        for (let extra = 1; extra < count; extra += 1) lateness.push(-intervalMs);
      }
      last = now;
    });
    throw new Error("A stream ended before the benchmark did.");
  };

  try {
    const measuring = clock.run({ ...window, warmUpMs: rampMs + window.warmUpMs }, { signal: stop.signal });
    const { seconds, busy } = await Promise.race([measuring, ...connections.map(drive)]);
    return {
      events: lateness.length,
      seconds,
      latenessMs: { p50: percentile(lateness, 0.5), p99: percentile(lateness, 0.99) },
      busy,
    };
  } finally {
    stop.abort();
    for (const connection of connections) connection.close();
  }
}
