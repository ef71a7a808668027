import { percentile } from "../percentile.ts";
import { Connection } from "./connection.ts";
import { encodeRequest } from "./encode-request.ts";
import type { ClosedLoopFigures, ClosedLoopPlan, LoadReport } from "./plan.ts";
import { WindowClock } from "./window-clock.ts";

/** Drives a closed-loop plan. Rejects when a connection breaks or a run has not the events it should have. */
export async function closedLoop(
  { url: address, connections: count, order, door, events, until }: ClosedLoopPlan,
  report: (report: LoadReport) => void,
): Promise<ClosedLoopFigures> {
  const url = new URL(address);
  const request = encodeRequest(url, order, door);
  const clock = new WindowClock(report);
  const firstEventMs: number[] = [];
  const stop = new AbortController();
  const most = "runs" in until ? until.runs : Number.POSITIVE_INFINITY;
  let begun = 0;
  const connections = await Connection.openMany(url, count);

  const drive = async (connection: Connection): Promise<void> => {
    while (!clock.over && begun < most) {
      begun += 1;
      const timing = await connection.run(request(`${process.pid}-${begun}`));
      if (events !== null && timing.events !== events)
        throw new Error(`A run had ${timing.events} events instead of ${events}.`);
      if (clock.open) firstEventMs.push(timing.firstEventMs);
    }
  };
  const drives = async (): Promise<unknown> => Promise.all(connections.map(drive));

  try {
    const measuring = "runs" in until ? clock.during(drives) : clock.run(until, { signal: stop.signal });
    const [{ seconds, busy }] = await Promise.all([measuring, "runs" in until ? undefined : drives()]);
    return {
      runs: firstEventMs.length,
      seconds,
      firstEventMs: { p50: percentile(firstEventMs, 0.5), p99: percentile(firstEventMs, 0.99) },
      busy,
    };
  } finally {
    stop.abort();
    for (const connection of connections) connection.close();
  }
}
