import { setTimeout as sleep } from "node:timers/promises";
import type { Column } from "./comparison-rows.ts";
import { comparisonRows } from "./comparison-rows.ts";
import { formatTable } from "./format-table.ts";
import type { ProcessSample } from "./process-sample.ts";
import { readAlike } from "./read-run.ts";
import type { ServerName, ServerUnderTest } from "./server-under-test.ts";
import type { Stage } from "./stage.ts";

export interface IdleOptions {
  readonly servers: readonly ServerName[];
  readonly streams: number;
}

interface IdleFigures {
  /** By how much the process grew for each stream, in bytes. */
  readonly rssPerStream: number;
  /** The same before anything is collected, so with its share of the young generation, whose size does not depend on the streams. */
  readonly burstRssPerStream: number;
  /** The share of the first in the JavaScript heap and in buffers. */
  readonly heapPerStream: number;
  /** Before the streams were opened. */
  readonly rssBeforeMb: number;
}

export interface IdleResult {
  readonly streams: number;
  readonly figures: Readonly<Partial<Record<ServerName, IdleFigures>>>;
}

/** Runs before the measurement, so that code is compiled and the heap has its working size. */
const warmUp = { connections: 32, order: { tokens: 20 }, until: { runs: 500 } };

const settleMs = 500;
const longestSettles = 10;

/** Measures what a stream costs that is open and silent. */
export async function idle(stage: Stage, { servers, streams }: IdleOptions): Promise<IdleResult> {
  assertDescriptors(streams);
  const load = stage.startLoad();
  const figures: Partial<Record<ServerName, IdleFigures>> = {};
  for (const name of servers) {
    const server = await stage.startServer(name);
    const { url } = server;
    stage.progress(`${name}: warm-up`);
    const events = await readAlike([url], warmUp.order, stage);
    await load.closedLoop({ ...warmUp, url, events });
    const before = await settled(server, stage);
    stage.progress(`${name}: ${streams} open streams`);
    const { burst, after } = await load.holding({ url, streams }, async () => ({
      burst: await server.sample(),
      after: await settled(server, stage),
    }));
    await stage.end(server);
    figures[name] = {
      rssPerStream: (after.rssBytes - before.rssBytes) / streams,
      burstRssPerStream: (burst.rssBytes - before.rssBytes) / streams,
      heapPerStream: (after.heapBytes - before.heapBytes) / streams,
      rssBeforeMb: before.rssBytes / 1e6,
    };
  }
  return { streams, figures };
}

/** Collects garbage until the process has, by and large, given back what it gives back. */
async function settled(server: ServerUnderTest, { signal }: Stage): Promise<ProcessSample> {
  let sample = await server.sample({ collect: true });
  for (let settles = 0; settles < longestSettles; settles += 1) {
    await sleep(settleMs, undefined, { signal });
    const next = await server.sample({ collect: true });
    const change = Math.abs(next.rssBytes / sample.rssBytes - 1);
    sample = next;
    if (change < 0.002) break;
  }
  return sample;
}

interface Report {
  readonly userLimits?: { readonly open_files?: { readonly soft: number | "unlimited" } };
}

/** Throws a sentence when the system does not let a process open so many files, which sockets are too. */
function assertDescriptors(streams: number): void {
  const { userLimits } = process.report.getReport() as Report; // Windows has no such limits.
  const limit = userLimits?.open_files?.soft ?? "unlimited";
  const needed = streams + 100;
  if (limit === "unlimited" || limit >= needed) return;
  throw new Error(`${streams} streams need ${needed} open files, and the limit is ${limit}: raise it with ulimit -n.`);
}

const columns: readonly Column<IdleFigures>[] = [
  { head: "KB/stream", value: (of) => of.rssPerStream / 1000, places: 1 },
  { head: "heap KB/stream", value: (of) => of.heapPerStream / 1000, places: 1 },
  { head: "burst KB/stream", value: (of) => of.burstRssPerStream / 1000, places: 1 },
  { head: "MB before", value: (of) => of.rssBeforeMb, places: 0 },
];

export function formatIdle({ streams, figures }: IdleResult): string {
  const rows = comparisonRows(String(streams), figures, columns);
  return formatTable(["streams", "server", ...columns.map(({ head }) => head)], rows);
}
