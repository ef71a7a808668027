import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { testImage } from "@agentscope-runtime-tooling/docker";
import {
  BrowserSandbox,
  GuiSandbox,
  SandboxManager,
  baseSandboxType,
  browserSandboxType,
  guiSandboxType,
} from "@agentscope-runtime/sandbox";
import type { SandboxBackend, SandboxType } from "@agentscope-runtime/sandbox";
import { openDockerBackend } from "@agentscope-runtime/sandbox-docker";
import { openBubblewrapBackend, openWasmBackend } from "@agentscope-runtime/sandbox-embedded";
import { alternateLatency } from "./alternate-latency.ts";
import type { Latencies, Timed } from "./alternate-latency.ts";
import { startBareContainer } from "./bare-container.ts";
import { formatTable } from "./format-table.ts";
import type { Stage } from "./stage.ts";

export interface SandboxesOptions {
  /** How often each of the two is timed. */
  readonly rounds: number;
}

export interface SandboxFigures extends Latencies {
  readonly what: string;
  /** What it is beside. */
  readonly beside: string;
}

const run = promisify(execFile);
const concurrency = 4;
const many = 50;
const inARow = 10;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

async function meanOf(times: number, work: () => Promise<unknown>): Promise<number> {
  const all = await timed(async () => {
    for (let done = 0; done < times; done += 1) await work();
  });
  return all / times;
}

/** Times sandboxes beside the bare engine. */
export async function measureSandboxes(stage: Stage, { rounds }: SandboxesOptions): Promise<SandboxFigures[]> {
  const figures: SandboxFigures[] = [];
  const measure = async (what: string, ours: Timed, [beside, bare]: readonly [string, Timed], times = rounds) => {
    stage.progress(what);
    figures.push({ what, beside, ...(await alternateLatency(ours, bare, { rounds: times, signal: stage.signal })) });
  };
  await measureDocker(measure, rounds);
  await measureScreens(measure);
  await measureBubblewrap(measure);
  await measureWasm(measure);
  return figures;
}

type Measure = (what: string, ours: Timed, beside: readonly [string, Timed], rounds?: number) => Promise<void>;

async function measureDocker(measure: Measure, rounds: number): Promise<void> {
  const image = await testImage("base");
  const type: SandboxType = { ...baseSandboxType, image };
  const directory = await mkdtemp(join(tmpdir(), "bench-docker-"));
  try {
    await using backend = await openDockerBackend({ owner: `bench-${crypto.randomUUID()}`, directory });
    await measure("Docker: create to first output", begin(backend, type), [
      "API",
      async () => {
        const began = performance.now();
        await using container = await startBareContainer(image);
        await container.run("echo hi");
        return performance.now() - began;
      },
    ]);
    {
      await using sandbox = await backend.create({ type });
      await using container = await startBareContainer(image);
      await measure(
        "Docker: a command",
        async () => timed(() => sandbox.runShellCommand("echo hi")),
        ["docker exec", async () => timed(() => container.run("echo hi"))],
        rounds * 5,
      );
      await measure(
        `Docker: each of ${inARow} in a row`,
        async () => meanOf(inARow, async () => sandbox.runShellCommand("echo hi")),
        ["docker exec", async () => meanOf(inARow, async () => container.run("echo hi"))],
      );
    }
    {
      await using manager = await SandboxManager.open({ backend, types: [type], pool: { base: 2 } });
      await measure("Docker: a warm one to first output", takeWarm(manager, "base"), [
        "a new one",
        begin(backend, type),
      ]);
    }
    await measure(
      `Docker: ${many} up, ${concurrency} at a time`,
      async () =>
        manyUp(async () => {
          const sandbox = await backend.create({ type });
          await sandbox.runShellCommand("echo hi");
          return sandbox;
        }),
      [
        "API",
        async () =>
          manyUp(async () => {
            const container = await startBareContainer(image);
            await container.run("echo hi");
            return container;
          }),
      ],
      2,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureScreens(measure: Measure): Promise<void> {
  const page = "data:text/html,<h1>Hello</h1>";
  const browserType: SandboxType = { ...browserSandboxType, image: await testImage("browser") };
  const guiType: SandboxType = { ...guiSandboxType, image: await testImage("gui") };
  const directory = await mkdtemp(join(tmpdir(), "bench-docker-"));
  try {
    await using backend = await openDockerBackend({ owner: `bench-${crypto.randomUUID()}`, directory });
    const load = async (): Promise<number> => {
      const began = performance.now();
      await using sandbox = await backend.create({ type: browserType });
      await new BrowserSandbox(sandbox).browserNavigate(page);
      return performance.now() - began;
    };
    await measure("Browser: create to page loaded", load, ["a gui one", begin(backend, guiType)], 5);
    await using sandbox = await backend.create({ type: guiType });
    const gui = new GuiSandbox(sandbox);
    await measure("GUI: a screenshot", async () => timed(() => gui.computerUse({ action: "get_screenshot" })), [
      "scrot",
      async () => timed(() => sandbox.runShellCommand("scrot --overwrite /tmp/bench.png")),
    ]);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function measureBubblewrap(measure: Measure): Promise<void> {
  await using backend = await openBubblewrapBackend();
  const bare = ["--unshare-all", "--cap-drop", "ALL", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib"];
  const links = [
    "--symlink",
    "usr/lib64",
    "/lib64",
    "--symlink",
    "usr/bin",
    "/bin",
    "--proc",
    "/proc",
    "--dev",
    "/dev",
  ];
  const bwrap: readonly [string, Timed] = [
    "bwrap",
    async () => timed(() => run("bwrap", [...bare, ...links, "sh", "-c", "echo hi"])),
  ];
  await measure("bubblewrap: create to first output", begin(backend, baseSandboxType), bwrap);
  {
    await using plain = await openBubblewrapBackend({ spare: false });
    await measure("bubblewrap: the same when none stands ready", begin(plain, baseSandboxType), bwrap);
  }
  await using sandbox = await backend.create({ type: baseSandboxType });
  await measure("bubblewrap: a command", async () => timed(() => sandbox.runShellCommand("echo hi")), [
    "sh",
    async () => timed(() => run("sh", ["-c", "echo hi"])),
  ]);
  await sandbox.runIpythonCell("x = 1");
  await measure("bubblewrap: a Python cell, warm", async () => timed(() => sandbox.runIpythonCell("x += 1")), [
    "python3 -c",
    async () => timed(() => run("python3", ["-c", "x = 1"])),
  ]);
}

async function measureWasm(measure: Measure): Promise<void> {
  await using backend = await openWasmBackend();
  await measure("wasm: create to first output", begin(backend, baseSandboxType), [
    "node -e",
    async () => timed(() => run(process.execPath, ["-e", "console.log('hi')"])),
  ]);
  await using sandbox = await backend.create({ type: baseSandboxType });
  await measure("wasm: a command", async () => timed(() => sandbox.runShellCommand("echo hi")), [
    "sh",
    async () => timed(() => run("sh", ["-c", "echo hi"])),
  ]);
  const python: readonly [string, Timed] = ["python3 -c", async () => timed(() => run("python3", ["-c", "x = 1"]))];
  await sandbox.runIpythonCell("x = 1");
  await measure("wasm: a Python cell, warm", async () => timed(() => sandbox.runIpythonCell("x += 1")), python);
  const cold: Timed = async () => {
    await sandbox.restartKernel();
    return timed(() => sandbox.runIpythonCell("x = 1"));
  };
  await measure("wasm: a Python cell, cold", cold, python);
}

function begin(backend: SandboxBackend, type: SandboxType): Timed {
  return async () => {
    const began = performance.now();
    await using sandbox = await backend.create({ type });
    await sandbox.runShellCommand("echo hi");
    return performance.now() - began;
  };
}

/** The pool is full again before the next is taken. */
function takeWarm(manager: SandboxManager, type: string): Timed {
  return async () => {
    await manager.warmUp();
    const session = { userId: "bench", sessionId: crypto.randomUUID() };
    const began = performance.now();
    const lease = await manager.connect(session, [type]);
    await lease.sandbox.runShellCommand("echo hi");
    const ms = performance.now() - began;
    await lease[Symbol.asyncDispose]();
    await manager.release(session);
    return ms;
  };
}

async function manyUp(start: () => Promise<AsyncDisposable>): Promise<number> {
  const up: AsyncDisposable[] = [];
  let left = many;
  const work = async (): Promise<void> => {
    while (left-- > 0) up.push(await start());
  };
  try {
    return await timed(() => Promise.all(Array.from({ length: concurrency }, work)));
  } finally {
    await Promise.all(up.map((one) => one[Symbol.asyncDispose]()));
  }
}

export function formatSandboxes(all: readonly SandboxFigures[]): string {
  const rows = all.map(({ what, beside, first, firstP95, second, ratio }) => [
    what,
    first.toFixed(1),
    firstP95.toFixed(1),
    beside,
    second.toFixed(1),
    ratio.toFixed(2),
  ]);
  return `${formatTable(["", "ms", "p95", "beside", "ms", "ratio"], rows, 1)}\n\nMedians of turns.`;
}
