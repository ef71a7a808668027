import { adapterNames, doorRequest } from "./door-request.ts";
import type { DoorName } from "./door-request.ts";
import { formatTable } from "./format-table.ts";
import type { LoadGenerator } from "./load-generator.ts";
import { measureWindow } from "./measure-window.ts";
import type { Order } from "./order.ts";
import { mediansOf } from "./percentile.ts";
import type { ServerName, ServerUnderTest } from "./server-under-test.ts";
import type { Stage } from "./stage.ts";

export interface DoorsOptions {
  readonly doors: readonly DoorName[];
  readonly connections: number;
  readonly tokens: readonly number[];
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly rounds: number;
}

interface DoorFigures {
  readonly runsPerSecond: number;
  readonly cpuMsPerRun: number;
  readonly events: number;
  readonly bytes: number;
  readonly serverBusy: number;
  readonly loadBusy: number;
}

export interface DoorsCell {
  readonly tokens: number;
  readonly figures: Readonly<Partial<Record<DoorName, DoorFigures>>>;
}

/** Between two measurements, until connections are open again. */
const rewarmMs = 300;

/**
 * Measures how many runs the workload agent answers at each door, and how many A2A's own server does; or how many runs an app answers
 * whose agents are streams of frameworks. Each door has a process
 * of its own, so that no door pays for what another has left behind.
 */
export async function measureDoors(stage: Stage, options: DoorsOptions): Promise<DoorsCell[]> {
  const load = stage.startLoad();
  const cells: DoorsCell[] = [];
  for (const tokens of options.tokens) cells.push(await measureCell(stage, load, { ...options, order: { tokens } }));
  return cells;
}

function serverOf(door: DoorName): ServerName {
  if (adapterNames.some((name) => name === door)) return "adapters";
  return door === "a2a-sdk" ? door : "doors";
}

interface Cell extends Omit<DoorsOptions, "tokens"> {
  readonly order: Order;
}

async function measureCell(stage: Stage, load: LoadGenerator, cell: Cell): Promise<DoorsCell> {
  const { doors, order, rounds, seconds, warmUpSeconds } = cell;
  const servers = new Map<DoorName, ServerUnderTest>();
  for (const door of doors) servers.set(door, await stage.startServer(serverOf(door)));
  const measured = new Map<DoorName, DoorFigures[]>();
  for (let round = 0; round <= rounds; round += 1) {
    for (const [door, server] of servers) {
      stage.progress(`${order.tokens} tokens at ${door}: ${round === 0 ? "warm-up" : `round ${round} of ${rounds}`}`);
      const until =
        round === 0
          ? { warmUpMs: 0, windowMs: warmUpSeconds * 1000 }
          : { warmUpMs: rewarmMs, windowMs: seconds * 1000 };
      const figures = await measureRound(server, load, { ...cell, door, until });
      if (round > 0) measured.set(door, [...(measured.get(door) ?? []), figures]);
    }
  }
  for (const server of servers.values()) await stage.end(server);
  const medians = Array.from(measured, ([door, figures]) => [door, mediansOf(figures)] as const);
  return { tokens: order.tokens, figures: Object.fromEntries(medians) };
}

async function measureRound(
  server: ServerUnderTest,
  load: LoadGenerator,
  {
    door,
    order,
    connections,
    until,
  }: Cell & { readonly door: DoorName; readonly until: { warmUpMs: number; windowMs: number } },
): Promise<DoorFigures> {
  const { url } = server;
  const { events, bytes } = await readWhole(url, door, order);
  const plan = { url, connections, order, door, events: null, until };
  const measure = await measureWindow(server, async (marks) => load.closedLoop(plan, marks));
  const { runs, seconds, busy } = measure.figures;
  const runsPerSecond = runs / seconds;
  const cpuMsPerRun = measure.cpuMsPerSecond / runsPerSecond;
  return { runsPerSecond, cpuMsPerRun, events, bytes, serverBusy: measure.cpuMsPerSecond / 1000, loadBusy: busy };
}

/** One answer in full. Throws unless all of the text is in it. */
async function readWhole(url: string, door: DoorName, order: Order): Promise<{ events: number; bytes: number }> {
  const { path, headers, body } = doorRequest(door, order, crypto.randomUUID());
  const named = headers.map((header) => header.split(": ") as [string, string]); // As `doorRequest` writes them.
  const answer = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...Object.fromEntries(named) },
    body,
  });
  const text = await answer.text();
  const told = text.match(/"tok "/g)?.length ?? 0;
  if (answer.status !== 200 || told < order.tokens) {
    throw new Error(`${door} answered ${answer.status} with ${told} pieces of ${order.tokens}: ${text.slice(0, 500)}`);
  }
  return { events: text.match(/^data: /gm)?.length ?? 0, bytes: Buffer.byteLength(text) };
}

/** The first door is what the others are compared to. */
export function formatDoors(cells: readonly DoorsCell[]): string {
  const [baseline = ""] = Object.keys(cells[0]?.figures ?? {});
  const rows = cells.flatMap(({ tokens, figures }) => {
    const base = Object.values(figures)[0]?.runsPerSecond ?? Number.NaN;
    return Object.entries(figures).map(([door, of], index) => {
      const ratio = of.runsPerSecond / base;
      return [
        index === 0 ? String(tokens) : "",
        door,
        of.runsPerSecond.toFixed(0),
        ratio.toFixed(2),
        `${((1 - ratio) * 100).toFixed(0)} %`,
        of.cpuMsPerRun.toFixed(3),
        of.events.toFixed(0),
        (of.bytes / 1024).toFixed(1),
        of.serverBusy.toFixed(2),
        of.loadBusy.toFixed(2),
      ];
    });
  });
  const head = ["tokens", "door", "runs/s", `÷ ${baseline}`, "cost", "CPU ms/run", "events", "KB", "busy", "load busy"];
  return formatTable(head, rows);
}
