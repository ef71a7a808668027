import type { Column } from "./comparison-rows.ts";
import { comparisonRows } from "./comparison-rows.ts";
import { formatTable } from "./format-table.ts";
import type { LoadGenerator } from "./load-generator.ts";
import { measureWindow } from "./measure-window.ts";
import { mediansOf } from "./percentile.ts";
import { readAlike } from "./read-run.ts";
import type { ServerName, ServerUnderTest } from "./server-under-test.ts";
import type { Stage } from "./stage.ts";

export interface ServeOptions {
  readonly servers: readonly ServerName[];
  readonly connections: readonly number[];
  /** Pieces of text a run. */
  readonly tokens: readonly number[];
  /** How long each measurement takes. */
  readonly seconds: number;
  /** How long each server runs before its first measurement. */
  readonly warmUpSeconds: number;
  /** How often each server is measured, in turns. */
  readonly rounds: number;
}

interface ServeFigures {
  readonly runsPerSecond: number;
  readonly firstEventP50Ms: number;
  readonly firstEventP99Ms: number;
  readonly cpuMsPerRun: number;
  readonly peakRssMb: number;
  /** Share of one processor that the server used. Well below 1 with many connections: it was kept from running. */
  readonly serverBusy: number;
  /** The same of the load generator. Near 1: it is the generator that was measured. */
  readonly loadBusy: number;
}

export interface ServeCell {
  readonly connections: number;
  readonly tokens: number;
  /** A run's events on the wire: its tokens, and those that begin and end things. */
  readonly events: number;
  /** By server, the median of its rounds. */
  readonly figures: Readonly<Partial<Record<ServerName, ServeFigures>>>;
}

interface CellSize {
  readonly connections: number;
  readonly tokens: number;
}

/** Between two measurements, until connections are open again. */
const rewarmMs = 300;

/** Measures how many runs a server answers when every connection asks again at once. */
export async function serve(stage: Stage, options: ServeOptions): Promise<ServeCell[]> {
  const load = stage.startLoad();
  const cells: ServeCell[] = [];
  for (const tokens of options.tokens) {
    for (const connections of options.connections) {
      // Fresh processes for each cell: the peak of memory is the cell's own.
      const servers: ServerUnderTest[] = [];
      for (const name of options.servers) servers.push(await stage.startServer(name));
      cells.push(await measureCell(stage, { load, servers, options, size: { connections, tokens } }));
      for (const server of servers) await stage.end(server);
    }
  }
  return cells;
}

async function measureCell(
  stage: Stage,
  {
    load,
    servers,
    options: { seconds, warmUpSeconds, rounds },
    size,
  }: {
    readonly load: LoadGenerator;
    readonly servers: readonly ServerUnderTest[];
    readonly options: ServeOptions;
    readonly size: CellSize;
  },
): Promise<ServeCell> {
  const { connections, tokens } = size;
  const order = { tokens };
  const urls = servers.map(({ url }) => url);
  const events = await readAlike(urls, order, stage);
  const measured = new Map<ServerName, ServeFigures[]>();
  for (let round = 0; round <= rounds; round += 1) {
    for (const server of servers) {
      const { name, url } = server;
      const warming = round === 0;
      const what = warming ? "warm-up" : `round ${round} of ${rounds}`;
      stage.progress(`${connections} connections × ${tokens} tokens: ${name}, ${what}`);
      const until = warming
        ? { warmUpMs: 0, windowMs: warmUpSeconds * 1000 }
        : { warmUpMs: rewarmMs, windowMs: seconds * 1000 };
      const figures = await measureRound(server, load, { url, connections, order, events, until });
      if (!warming) measured.set(name, [...(measured.get(name) ?? []), figures]);
    }
  }
  const medians = Array.from(measured, ([name, figures]) => [name, mediansOf(figures)] as const);
  return { connections, tokens, events, figures: Object.fromEntries(medians) };
}

async function measureRound(
  server: ServerUnderTest,
  load: LoadGenerator,
  plan: Parameters<LoadGenerator["closedLoop"]>[0],
): Promise<ServeFigures> {
  const measure = await measureWindow(server, async (marks) => load.closedLoop(plan, marks));
  const { runs, seconds, firstEventMs, busy } = measure.figures;
  const runsPerSecond = runs / seconds;
  return {
    runsPerSecond,
    firstEventP50Ms: firstEventMs.p50,
    firstEventP99Ms: firstEventMs.p99,
    cpuMsPerRun: measure.cpuMsPerSecond / runsPerSecond,
    peakRssMb: measure.peakRssBytes / 1e6,
    serverBusy: measure.cpuMsPerSecond / 1000,
    loadBusy: busy,
  };
}

const columns: readonly Column<ServeFigures>[] = [
  { head: "runs/s", value: (of) => of.runsPerSecond, places: 0 },
  { head: "first p50 ms", value: (of) => of.firstEventP50Ms, places: 2 },
  { head: "first p99 ms", value: (of) => of.firstEventP99Ms, places: 2 },
  { head: "CPU ms/run", value: (of) => of.cpuMsPerRun, places: 3 },
  { head: "peak MB", value: (of) => of.peakRssMb, places: 0 },
  { head: "busy", value: (of) => of.serverBusy, places: 2, compared: false },
  { head: "load busy", value: (of) => of.loadBusy, places: 2, compared: false },
];

export function formatServe(cells: readonly ServeCell[]): string {
  const rows = cells.flatMap(({ connections, tokens, figures }) =>
    comparisonRows(`${connections} × ${tokens}`, figures, columns),
  );
  return formatTable(["connections × tokens", "server", ...columns.map(({ head }) => head)], rows);
}
