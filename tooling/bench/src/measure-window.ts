import type { WindowMarks } from "./load-generator.ts";
import type { ProcessSample } from "./process-sample.ts";
import type { ServerUnderTest } from "./server-under-test.ts";

export interface WindowMeasure<T> {
  readonly figures: T;
  /** Milliseconds of processor time in a second of the window. */
  readonly cpuMsPerSecond: number;
  readonly peakRssBytes: number;
}

/** Puts load on a server and measures what the server used while the load was counting. */
export async function measureWindow<T>(
  server: ServerUnderTest,
  run: (marks: WindowMarks) => Promise<T>,
): Promise<WindowMeasure<T>> {
  const samples: ProcessSample[] = [];
  const mark = async (): Promise<void> => {
    samples.push(await server.sample());
  };
  const figures = await run({ onOpened: mark, onClosed: mark });
  const [before, after] = samples;
  if (before === undefined || after === undefined) throw new Error("The load never began to count.");
  // A busy server answers late: its own clock says which time its use belongs to.
  const cpuMsPerSecond = (after.cpuMs - before.cpuMs) / ((after.atMs - before.atMs) / 1000);
  return { figures, cpuMsPerSecond, peakRssBytes: after.peakRssBytes };
}
