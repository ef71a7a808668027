import type { Column } from "./comparison-rows.ts";
import { comparisonRows } from "./comparison-rows.ts";
import { formatTable } from "./format-table.ts";
import { measureWindow } from "./measure-window.ts";
import { mediansOf } from "./percentile.ts";
import { readAlike } from "./read-run.ts";
import type { ServerName } from "./server-under-test.ts";
import type { Stage } from "./stage.ts";

export interface PacedOptions {
  readonly servers: readonly ServerName[];
  readonly streams: number;
  /** Between two events of a stream. */
  readonly intervalMs: number;
  /** How long each measurement takes. */
  readonly seconds: number;
  /** How often each server is measured, in turns. */
  readonly rounds: number;
}

interface PacedFigures {
  readonly eventsPerSecond: number;
  readonly latenessP50Ms: number;
  readonly latenessP99Ms: number;
  /** Share of one processor that the server used. */
  readonly cpu: number;
  readonly cpuMsPerThousandEvents: number;
  readonly peakRssMb: number;
  /** Share of one processor that the load generator used. */
  readonly loadBusy: number;
}

export interface PacedResult {
  readonly streams: number;
  readonly intervalMs: number;
  /** By server, the median of its rounds. */
  readonly figures: Readonly<Partial<Record<ServerName, PacedFigures>>>;
}

/** After the last stream has begun. */
const warmUpMs = 1_500;

/** Measures many streams that each send at their own pace. Every round has a fresh server. */
export async function paced(stage: Stage, options: PacedOptions): Promise<PacedResult> {
  const { servers, streams, intervalMs, seconds, rounds } = options;
  const load = stage.startLoad();
  const measured = new Map<ServerName, PacedFigures[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of servers) {
      stage.progress(`${streams} streams of ${1000 / intervalMs} events/s: ${name}, round ${round} of ${rounds}`);
      const server = await stage.startServer(name);
      await readAlike([server.url], { tokens: 5, intervalMs }, stage);
      const window = { warmUpMs, windowMs: seconds * 1000 };
      const measure = await measureWindow(server, async (marks) =>
        load.paced({ url: server.url, streams, intervalMs, window }, marks),
      );
      await stage.end(server);
      const { figures, cpuMsPerSecond, peakRssBytes } = measure;
      const eventsPerSecond = figures.events / figures.seconds;
      const latest: PacedFigures = {
        eventsPerSecond,
        latenessP50Ms: figures.latenessMs.p50,
        latenessP99Ms: figures.latenessMs.p99,
        cpu: cpuMsPerSecond / 1000,
        cpuMsPerThousandEvents: (cpuMsPerSecond / eventsPerSecond) * 1000,
        peakRssMb: peakRssBytes / 1e6,
        loadBusy: figures.busy,
      };
      measured.set(name, [...(measured.get(name) ?? []), latest]);
    }
  }
  const medians = Array.from(measured, ([name, figures]) => [name, mediansOf(figures)] as const);
  return { streams, intervalMs, figures: Object.fromEntries(medians) };
}

const columns: readonly Column<PacedFigures>[] = [
  { head: "events/s", value: (of) => of.eventsPerSecond, places: 0 },
  { head: "late p50 ms", value: (of) => of.latenessP50Ms, places: 2 },
  { head: "late p99 ms", value: (of) => of.latenessP99Ms, places: 2 },
  { head: "CPU", value: (of) => of.cpu, places: 2 },
  { head: "CPU ms/1000 events", value: (of) => of.cpuMsPerThousandEvents, places: 1 },
  { head: "peak MB", value: (of) => of.peakRssMb, places: 0 },
  { head: "load busy", value: (of) => of.loadBusy, places: 2, compared: false },
];

export function formatPaced({ streams, intervalMs, figures }: PacedResult): string {
  const rows = comparisonRows(`${streams} × ${intervalMs}`, figures, columns);
  return formatTable(["streams × ms", "server", ...columns.map(({ head }) => head)], rows);
}
