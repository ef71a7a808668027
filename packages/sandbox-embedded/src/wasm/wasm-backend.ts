import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "@agentscope-runtime/core";
import type { Logger } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { baseSandboxType } from "@agentscope-runtime/sandbox";
import type { ResolvedSandboxSpec, SandboxBackend, SandboxEnd, SandboxRecord } from "@agentscope-runtime/sandbox";
import { openInterpretedSandbox } from "@agentscope-runtime/sandbox/local";
import type { SpawnedProcess } from "@agentscope-runtime/sandbox/local";
import { BoxShelf, defaultShelfDirectory } from "../box-shelf.ts";
import { boxPaths } from "../bubblewrap/bwrap-arguments.ts";
import type { BubblewrapWalls } from "../bubblewrap/bubblewrap-walls.ts";
import { EmbeddedBackend } from "../embedded-backend.ts";
import type { SandboxBody } from "../embedded-sandbox.ts";
import { identityOf, isAlive } from "../process-identity.ts";
import type { ProcessIdentity } from "../process-identity.ts";
import { boxProgram } from "./box-program.ts";
import type { BoxSetup } from "./run-wasm-box.ts";
import { maxOutputBytes, WasmBoxClient } from "./wasm-box-client.ts";
import { openWasmWalls } from "./wasm-walls.ts";

const name = "wasm";
const workspacePath = "/workspace";
/** What a shell or Python needs to begin. */
const leastMemoryBytes = 64 * 1024 * 1024;
/** What a shell and Python cannot do that are no processes. */
const missingHere = [
  "addMcpServers",
  "attach",
  "connect",
  "egress",
  "exec.background",
  "exec.bytes",
  "exec.limits",
  "exec.signals",
  "exec.streaming",
  "history",
  "snapshot",
];
const missingWithoutWalls = ["limits.cpus", "limits.diskBytes", "limits.memoryBytes", "limits.processes"];

export interface WasmBackendOptions {
  /** Where notes of the boxes are, and their workspaces. Default one of the user's own below the system's directory for temporary files. */
  readonly directory?: string;
  /** The `bwrap` to run boxes in; false for none. Default the one of the system, where there is one that works. */
  readonly bwrap?: string | false;
  /** Types that need nothing but a shell and Python. Default `base`. */
  readonly types?: readonly string[];
  /** Told once, when it opens, what it does not protect from. */
  readonly logger?: Logger;
}

/**
 * Sandboxes of a shell and a Python in WebAssembly, on any machine that has Node. They are for development: nothing here is a wall
 * that one may rely on (`isolation: "none"`), although boxes run in bubblewrap where that works. A `SandboxManager` serves one user
 * only with it, unless told otherwise.
 *
 * @example
 * ```ts
 * await using backend = await openWasmBackend({ logger });
 * await using sandbox = await backend.create({ type: baseSandboxType });
 * ```
 */
export async function openWasmBackend(options: WasmBackendOptions = {}): Promise<SandboxBackend> {
  const { types = ["base"], logger = silentLogger } = options;
  const shelf = new BoxShelf(options.directory ?? defaultShelfDirectory(name));
  const program = boxProgram();
  const { walls, reason } = await findWalls(options.bwrap, program);
  for (const id of shelf.abandoned()) await sweep(id, shelf, walls);
  logger.warn({ backend: name, isolation: "none", bubblewrap: walls !== undefined }, warning(reason));
  const open = walls === undefined ? openBare : openWalled(walls);
  return new EmbeddedBackend({
    name,
    shelf,
    abilities: {
      isolation: "none",
      missing: [...missingHere, ...(walls?.missingLimits ?? missingWithoutWalls)].toSorted(),
      snapshots: "none",
      types,
    },
    openBody: async (record, spec, { signal }) => {
      const ground = await open({ record, spec, shelf, program }, signal);
      return bodyOf(ground, { record, spec, shelf, signal });
    },
  });
}

/** In plain words; without `reason` there is bubblewrap. */
function warning(reason: string | undefined): string {
  const none = "Sandboxes of wasm isolate nothing that one may rely on: run only your own code in them.";
  return reason === undefined
    ? `${none} They run inside bubblewrap, which holds what gets out of them.`
    : `${none} What gets out of them can do all that this process can, since they run without bubblewrap: ${reason}`;
}

/** What a box stands on: a process, and a workspace. */
interface Ground {
  readonly child: SpawnedProcess;
  readonly root: string;
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  readonly lost: Promise<SandboxEnd> | undefined;
  pause(): void;
  resume(): void;
  close(paused: boolean): Promise<void>;
}

interface GroundPlan {
  readonly record: SandboxRecord;
  readonly spec: ResolvedSandboxSpec;
  readonly shelf: BoxShelf;
  readonly program: string;
}

type OpenGround = (plan: GroundPlan, signal: AbortSignal | undefined) => Promise<Ground>;

function openWalled(walls: BubblewrapWalls): OpenGround {
  return async ({ record, spec, program }, signal) => {
    const walled = await walls.openBox(record.id, spec.limits, signal);
    const { box, root, owner, ended } = walled;
    const mounts = { [workspacePath]: boxPaths.workspace, "/tmp": "/tmp" };
    try {
      const child = box.spawn(`${boxPaths.node}/node`, [program, setupOf(spec, mounts)], {
        env: {},
        stdio: ["pipe", "pipe", "pipe", "pipe"],
      });
      return {
        child,
        root,
        owner,
        lost: ended,
        pause: () => {
          walled.pause();
        },
        resume: () => {
          walled.resume();
        },
        close: async (paused) => walled.close(paused),
      };
    } catch (thrown) {
      await walled.close(false);
      throw thrown;
    }
  };
}

/** Without walls: a process of this user's. */
const openBare: OpenGround = async ({ record, spec, shelf, program }) => {
  const directory = shelf.makeDirectory(record.id);
  const mounts = { [workspacePath]: join(directory, "workspace"), "/tmp": join(directory, "tmp") };
  for (const path of Object.values(mounts)) mkdirSync(path, { mode: 0o700 });
  const child = spawn(process.execPath, [program, setupOf(spec, mounts)], {
    cwd: directory,
    env: {},
    stdio: ["pipe", "pipe", "pipe"],
    windowsHide: true,
  });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
    child.once("error", () => {
      resolve();
    });
  });
  if (child.pid !== undefined) writeFileSync(processFile(shelf, record.id), JSON.stringify(identityOf(child.pid)));
  return {
    child,
    root: mounts[workspacePath],
    lost: undefined,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    async close() {
      child.kill("SIGKILL");
      await exited;
    },
  };
};

function setupOf({ limits }: ResolvedSandboxSpec, mounts: BoxSetup["mounts"]): string {
  const memoryBytes = Math.max(leastMemoryBytes, Math.floor(limits.memoryBytes / 2));
  return JSON.stringify({ mounts, maxOutputBytes, memoryBytes } satisfies BoxSetup);
}

interface BodyParts {
  readonly record: SandboxRecord;
  readonly spec: ResolvedSandboxSpec;
  readonly shelf: BoxShelf;
  readonly signal: AbortSignal | undefined;
}

async function bodyOf(ground: Ground, { record, spec, shelf, signal }: BodyParts): Promise<SandboxBody> {
  const { child, root, owner, lost } = ground;
  const client = new WasmBoxClient(child);
  const abort = Promise.withResolvers<never>();
  const onAbort = (): void => {
    abort.reject(signal?.reason);
  };
  signal?.addEventListener("abort", onAbort);
  try {
    signal?.throwIfAborted();
    await Promise.race([client.opened(), abort.promise]);
    const sandbox = await openInterpretedSandbox({
      id: record.id,
      type: record.type,
      backendName: name,
      root,
      workspacePath,
      interpreter: client,
      environment: spec.environment,
      ...(owner && { owner }),
    });
    return {
      sandbox,
      lost: lost === undefined ? client.ended : Promise.race([lost, client.ended]),
      pause: async () => {
        ground.pause();
      },
      resume: async () => {
        ground.resume();
      },
      snapshot: async () => {
        const message = `snapshot: ${name} keeps none. Read the files that are to stay, or use another backend.`;
        throw new RuntimeError("unimplemented", message);
      },
      close: async (paused) => {
        await ground.close(paused);
        await shelf.remove(record.id);
      },
      note: (state) => {
        shelf.note({ ...record, state });
      },
    };
  } catch (thrown) {
    await ground.close(false);
    throw thrown;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

interface FoundWalls {
  readonly walls: BubblewrapWalls | undefined;
  /** Why there are none. */
  readonly reason: string | undefined;
}

/** Walls in which the program really starts. */
async function findWalls(bwrap: string | false | undefined, program: string): Promise<FoundWalls> {
  if (bwrap === false) return { walls: undefined, reason: "it is turned off." };
  try {
    const walls = await openWasmWalls(bwrap, program);
    const trial = await walls.openBox(
      `wasm-trial-${randomBytes(8).toString("hex")}`,
      baseSandboxType.limits,
      undefined,
    );
    await trial.close(false);
    return { walls, reason: undefined };
  } catch (thrown) {
    if (!RuntimeError.is(thrown) || thrown.code !== "unavailable") throw thrown;
    return { walls: undefined, reason: thrown.message };
  }
}

/** What a process left that was killed. A box without walls ended with it, unless it was paused. */
async function sweep(id: string, shelf: BoxShelf, walls: BubblewrapWalls | undefined): Promise<void> {
  const identity = readIdentity(processFile(shelf, id));
  if (identity !== undefined && isAlive(identity)) process.kill(identity.pid, "SIGKILL");
  await walls?.sweep(id);
  await shelf.remove(id);
}

function processFile(shelf: BoxShelf, id: string): string {
  return join(shelf.makeDirectory(id), "process.json");
}

function readIdentity(path: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as ProcessIdentity; // Ours, in a directory that only we may write.
  } catch {
    return undefined; // A box behind walls has none.
  }
}
