import { formatTable } from "./format-table.ts";
import { median } from "./percentile.ts";
import { readAlike } from "./read-run.ts";
import type { ServerName } from "./server-under-test.ts";
import { slope } from "./slope.ts";
import type { Stage } from "./stage.ts";

export interface SoakOptions {
  readonly servers: readonly ServerName[];
  readonly connections: number;
  readonly tokens: number;
  /** Before the first sample: also fills what a server keeps of finished runs. */
  readonly warmUpRuns: number;
  readonly runs: number;
}

export interface MemoryTrend {
  /** Bytes: the median of the first quarter of the samples, and of the last. */
  readonly first: number;
  readonly last: number;
  /** Of the line that fits all samples best. */
  readonly bytesPerRun: number;
  readonly flat: boolean;
}

interface SoakFigures {
  readonly heap: MemoryTrend;
  readonly rss: MemoryTrend;
}

export interface SoakResult {
  readonly runs: number;
  readonly figures: Readonly<Partial<Record<ServerName, SoakFigures>>>;
}

const samples = 24;

const tolerance = 0.02;

const flatRule = `Growing: the median of the samples, each after a garbage collection, rises from quarter to quarter, all three
times, and by more than ${tolerance * 100} % in all. A heap that takes its working size does so in a step or two.`;

/** Measures whether memory grows with the number of runs. */
export async function soak(stage: Stage, options: SoakOptions): Promise<SoakResult> {
  const { servers, connections, tokens, warmUpRuns, runs } = options;
  const load = stage.startLoad();
  const order = { tokens };
  const batch = Math.ceil(runs / samples);
  const figures: Partial<Record<ServerName, SoakFigures>> = {};
  for (const name of servers) {
    const server = await stage.startServer(name);
    const { url } = server;
    const events = await readAlike([url], order, stage);
    stage.progress(`${name}: warm-up`);
    await load.closedLoop({ url, connections, order, events, until: { runs: warmUpRuns } });
    const heap: [number, number][] = [];
    const rss: [number, number][] = [];
    for (let done = batch; done <= batch * samples; done += batch) {
      await load.closedLoop({ url, connections, order, events, until: { runs: batch } });
      const { heapBytes, rssBytes } = await server.sample({ collect: true });
      heap.push([done, heapBytes]);
      rss.push([done, rssBytes]);
      stage.progress(`${name}: ${done} runs, heap ${megabytes(heapBytes)} MB, process ${megabytes(rssBytes)} MB`);
    }
    await stage.end(server);
    figures[name] = { heap: trendOf(heap), rss: trendOf(rss) };
  }
  return { runs: batch * samples, figures };
}

/** What samples of (runs, bytes) say, in the order in which they were taken. */
export function trendOf(points: readonly (readonly [number, number])[]): MemoryTrend {
  const bytes = points.map(([, size]) => size);
  const quarter = bytes.length / 4;
  const medians = [0, 1, 2, 3].map((index) => median(bytes.slice(index * quarter, (index + 1) * quarter)));
  const [first = Number.NaN] = medians;
  const last = medians.at(-1) ?? Number.NaN;
  const rising = medians.every((size, index) => index === 0 || size > (medians[index - 1] ?? Number.NaN));
  return { first, last, bytesPerRun: slope(points), flat: !(rising && last > first * (1 + tolerance)) };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

export function formatSoak({ runs, figures }: SoakResult): string {
  const rows = Object.entries(figures).flatMap(([name, { heap, rss }]) =>
    Object.entries({ heap, rss }).map(([what, { first, last, bytesPerRun, flat }]) => [
      name,
      what,
      megabytes(first),
      megabytes(last),
      bytesPerRun.toFixed(0),
      flat ? "flat" : "growing",
    ]),
  );
  const head = [`${runs} runs`, "memory", "first quarter MB", "last quarter MB", "bytes/run", ""];
  return `${formatTable(head, rows)}\n\n${flatRule}`;
}
