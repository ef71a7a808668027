import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { adapterNames, doorNames } from "./door-request.ts";
import { formatDoors, measureDoors } from "./doors.ts";
import { formatIdle, idle } from "./idle.ts";
import { numberFlag, numbersFlag } from "./number-flag.ts";
import { formatPaced, paced } from "./paced.ts";
import { formatServe, serve } from "./serve.ts";
import { formatPeers } from "./peers.ts";
import type { ServerName } from "./server-under-test.ts";
import { formatSandboxes, measureSandboxes } from "./sandboxes.ts";
import { formatServices, services } from "./services.ts";
import { formatSoak, soak } from "./soak.ts";
import { Stage } from "./stage.ts";

const usage = `pnpm bench serve   runs/s, first event, CPU and memory at full speed
  --connections 1,32,256  --tokens 20,200  --seconds 3  --warm-up 2 (seconds)  --rounds 5
pnpm bench paced   CPU and lateness of many streams that send at their own pace
  --streams 1000  --interval 20 (ms)  --seconds 10  --rounds 2
pnpm bench idle    memory of a stream that is open and silent
  --streams 2000
pnpm bench soak    whether memory grows with the number of runs
  --runs 5000  --warm-up 1500 (runs)  --connections 32  --tokens 20
pnpm bench doors   runs/s at each door, beside our own wire and A2A's own server
  --connections 32  --tokens 20,200  --seconds 3  --warm-up 2 (seconds)  --rounds 5  --doors wire,a2a (default all)
pnpm bench adapters   runs/s of frameworks' streams through their adapters, beside the same stream given directly
  --connections 32  --tokens 20,200  --seconds 3  --warm-up 2 (seconds)  --rounds 5
pnpm bench services  session history on Postgres, Redis and PGlite beside bare clients
  --seconds 6 (for each of two)  --rounds 24 (turns)  --concurrency 16
pnpm bench sandbox   how long sandboxes take, beside the bare engine; needs Docker and bubblewrap
  --rounds 15

All of them take
  --peers            measures an Express 5 handler too
  --stores           measures ours with history and runs kept, too: in process, on Postgres, on Redis
  --json FILE        writes the numbers
  --cpu-prof DIR     leaves a CPU profile of every server`;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    connections: { type: "string" },
    tokens: { type: "string" },
    seconds: { type: "string" },
    "warm-up": { type: "string" },
    rounds: { type: "string" },
    streams: { type: "string" },
    interval: { type: "string" },
    runs: { type: "string" },
    concurrency: { type: "string" },
    doors: { type: "string" },
    peers: { type: "boolean", default: false },
    stores: { type: "boolean", default: false },
    json: { type: "string" },
    "cpu-prof": { type: "string" },
  },
});

const servers: readonly ServerName[] = [
  "bare",
  "ours",
  ...(flags.peers ? (["express"] as const) : []),
  ...(flags.stores ? (["history", "postgres", "redis"] as const) : []),
];

/** Measures, and returns the numbers and the text that shows them. */
type Command = (stage: Stage) => Promise<{ readonly numbers: unknown; readonly text: string }>;

const commands: Readonly<Record<string, Command>> = {
  serve: async (stage) => {
    const cells = await serve(stage, {
      servers,
      connections: numbersFlag(flags, "connections", [1, 32, 256]),
      tokens: numbersFlag(flags, "tokens", [20, 200]),
      seconds: numberFlag(flags, "seconds", 3),
      warmUpSeconds: numberFlag(flags, "warm-up", 2),
      rounds: numberFlag(flags, "rounds", 5),
    });
    const text = formatServe(cells);
    return { numbers: cells, text: flags.stores ? `${text}\n\n${formatPeers()}` : text };
  },
  paced: async (stage) => {
    const result = await paced(stage, {
      servers,
      streams: numberFlag(flags, "streams", 1_000),
      intervalMs: numberFlag(flags, "interval", 20),
      seconds: numberFlag(flags, "seconds", 10),
      rounds: numberFlag(flags, "rounds", 2),
    });
    return { numbers: result, text: formatPaced(result) };
  },
  idle: async (stage) => {
    const result = await idle(stage, { servers, streams: numberFlag(flags, "streams", 2_000) });
    return { numbers: result, text: formatIdle(result) };
  },
  doors: async (stage) => {
    const wanted = flags.doors?.split(",") ?? doorNames;
    const cells = await measureDoors(stage, {
      doors: doorNames.filter((door) => wanted.includes(door)),
      connections: numberFlag(flags, "connections", 32),
      tokens: numbersFlag(flags, "tokens", [20, 200]),
      seconds: numberFlag(flags, "seconds", 3),
      warmUpSeconds: numberFlag(flags, "warm-up", 2),
      rounds: numberFlag(flags, "rounds", 5),
    });
    return { numbers: cells, text: formatDoors(cells) };
  },
  adapters: async (stage) => {
    const cells = await measureDoors(stage, {
      doors: adapterNames,
      connections: numberFlag(flags, "connections", 32),
      tokens: numbersFlag(flags, "tokens", [20, 200]),
      seconds: numberFlag(flags, "seconds", 3),
      warmUpSeconds: numberFlag(flags, "warm-up", 2),
      rounds: numberFlag(flags, "rounds", 5),
    });
    return { numbers: cells, text: formatDoors(cells) };
  },
  services: async (stage) => {
    const figures = await services(stage, {
      seconds: numberFlag(flags, "seconds", 6),
      rounds: numberFlag(flags, "rounds", 24),
      concurrency: numberFlag(flags, "concurrency", 16),
    });
    return { numbers: figures, text: formatServices(figures) };
  },
  sandbox: async (stage) => {
    const figures = await measureSandboxes(stage, { rounds: numberFlag(flags, "rounds", 15) });
    return { numbers: figures, text: formatSandboxes(figures) };
  },
  soak: async (stage) => {
    const result = await soak(stage, {
      servers,
      connections: numberFlag(flags, "connections", 32),
      tokens: numberFlag(flags, "tokens", 20),
      warmUpRuns: numberFlag(flags, "warm-up", 1_500),
      runs: numberFlag(flags, "runs", 5_000),
    });
    return { numbers: result, text: formatSoak(result) };
  },
};

function onProgress(line: string): void {
  console.error(`… ${line}`);
}

async function run(name: string, command: Command): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      interrupted.abort(new Error(`Stopped by ${signal}.`));
    });
  }
  const stage = new Stage({ signal: interrupted.signal, profileDirectory: flags["cpu-prof"], onProgress });
  const machine = `Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? "unknown processor"}`;
  console.log(`${machine}, load ${loadavg()[0]?.toFixed(1) ?? ""} before\n`);
  try {
    const { numbers, text } = await command(stage);
    console.log(`\n${text}`);
    if (flags.json !== undefined) {
      await writeFile(flags.json, `${JSON.stringify({ command: name, machine, numbers }, undefined, 2)}\n`);
    }
  } catch (thrown) {
    // Whatever an interruption broke, it is the interruption that ended the benchmark.
    interrupted.signal.throwIfAborted();
    throw thrown;
  } finally {
    await stage[Symbol.asyncDispose]();
  }
}

const [name = ""] = positionals;
const command = commands[name];
if (command === undefined) {
  console.log(usage);
  process.exitCode = name === "" ? 0 : 1;
} else {
  try {
    await run(name, command);
  } catch (thrown) {
    console.error(thrown instanceof Error ? thrown.message : thrown);
    process.exitCode = 1;
  }
}
