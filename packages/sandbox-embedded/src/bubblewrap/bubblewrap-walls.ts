import { execFile } from "node:child_process";
import { chownSync, closeSync, constants, mkdirSync, openSync, rmdirSync } from "node:fs";
import { promisify } from "node:util";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { SandboxEnd, SandboxLimits } from "@agentscope-runtime/sandbox";
import { Box } from "./box.ts";
import type { BoxEnd } from "./box.ts";
import { newBoxOwner } from "./box-owner.ts";
import type { BoxOwner } from "./box-owner.ts";
import { boxPaths, bwrapArguments, nameOf } from "./bwrap-arguments.ts";
import { Cgroups } from "./cgroups.ts";
import type { Cgroup } from "./cgroups.ts";
import { findBubblewrap } from "./find-bubblewrap.ts";
import { leakingDescriptors } from "./leaking-descriptors.ts";
import { seccompFilter } from "./seccomp-filter.ts";

const run = promisify(execFile);
const temporaryBytes = 256 * 1024 * 1024;
/** As a small disk is laid out. */
const bytesPerFile = 4096;

export interface WallsOptions {
  readonly bwrap: string | undefined;
  /** The Node that boxes get, or false for none. Default the one that runs this. */
  readonly node: string | false | undefined;
  /** More of the host's directories, at the same paths, read-only. */
  readonly readOnly?: readonly string[];
  /** Whether each process is limited where groups are not. Node reserves more memory than it uses, and does not start then. Default true. */
  readonly limitsProcesses?: boolean;
}

/** A box, and what is behind its walls, as seen from outside. */
export interface WalledBox {
  readonly box: Box;
  /** Its workspace, from outside. */
  readonly root: string;
  /** Whose its files are; undefined for us. */
  readonly owner: BoxOwner | undefined;
  /** Resolves when it has ended, by itself or not. */
  readonly ended: Promise<SandboxEnd>;
  pause(): void;
  resume(): void;
  /** Kills all that is in it, and leaves nothing. */
  close(paused: boolean): Promise<void>;
}

/** What bubblewrap, control groups and a system call filter make together. */
export class BubblewrapWalls {
  readonly #bwrap: string;
  readonly #node: string | undefined;
  readonly #readOnly: readonly string[];
  readonly #limitsProcesses: boolean;
  readonly #cgroups = Cgroups.open();
  readonly #leaking = leakingDescriptors();
  readonly #seccomp = seccompFilter(process.arch);

  private constructor(bwrap: string, { node, readOnly = [], limitsProcesses = true }: WallsOptions) {
    this.#bwrap = bwrap;
    this.#limitsProcesses = limitsProcesses;
    this.#node = node === false ? undefined : (node ?? process.execPath);
    this.#readOnly = readOnly;
  }

  /** `unavailable` where bubblewrap is not, or may not work. */
  static async open(options: WallsOptions): Promise<BubblewrapWalls> {
    return new BubblewrapWalls(await findBubblewrap(options.bwrap, newBoxOwner()), options);
  }

  /** Limits of a whole box that cannot be kept here, by name. */
  get missingLimits(): readonly string[] {
    const limits = [
      !this.#cgroups.has("memory") && "limits.memoryBytes",
      !this.#cgroups.has("pids") && "limits.processes",
      !this.#cgroups.has("cpu") && "limits.cpus",
    ];
    return limits.filter((limit) => limit !== false);
  }

  get hasNode(): boolean {
    return this.#node !== undefined;
  }

  /** Nothing is left of it when it rejects. */
  async openBox(id: string, limits: SandboxLimits, signal: AbortSignal | undefined): Promise<WalledBox> {
    const directory = workspaceDirectory(id);
    let cgroup: Cgroup | undefined;
    try {
      cgroup = this.#cgroups.make(id, limits);
      const owner = newBoxOwner();
      const box = await this.#start({ directory, cgroup, owner, limits }, signal);
      return this.#seenFromOutside({ box, cgroup, owner, directory });
    } catch (thrown) {
      await cgroup?.remove();
      await unmount(directory);
      throw noRoom(thrown);
    }
  }

  /** What a process left that was killed. Its boxes died with it, unless they were paused. */
  async sweep(id: string): Promise<void> {
    const cgroup = this.#cgroups.get(id);
    for (const pid of cgroup.pids()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It is gone.
      }
    }
    cgroup.setFrozen(false);
    await cgroup.remove();
    await unmount(workspaceDirectory(id));
  }

  async #start({ directory, cgroup, owner, limits }: BoxPlan, signal: AbortSignal | undefined): Promise<Box> {
    const shared = owner === undefined ? undefined : directory;
    const { memoryBytes, processes, diskBytes } = limits;
    return Box.open(
      {
        bwrap: this.#bwrap,
        bwrapArguments: bwrapArguments({
          directory: shared,
          diskBytes,
          temporaryBytes: Math.min(temporaryBytes, memoryBytes),
          node: this.#node,
          readOnly: this.#readOnly,
          hasSeccomp: this.#seccomp !== undefined,
        }),
        seccomp: this.#seccomp,
        user: owner,
        cgroup,
        leaking: this.#leaking,
        // Where groups have no limits, those of processes must do.
        memoryBytes: this.#cgroups.has("memory") || !this.#limitsProcesses ? undefined : memoryBytes,
        processes: this.#cgroups.has("pids") || !this.#limitsProcesses ? undefined : processes,
        prepare: async () => {
          if (shared !== undefined && owner !== undefined) await makeWorkspace(shared, diskBytes, owner);
        },
        runDirectory: (pid) =>
          shared === undefined ? `/proc/${pid}/root${boxPaths.run}` : `${shared}/${nameOf(boxPaths.run)}`,
      },
      signal,
    );
  }

  #seenFromOutside({ box, cgroup, owner, directory }: BoxParts): WalledBox {
    // The descriptor stays with this box; its process's number may be another's one day.
    const held =
      owner === undefined ? openSync(`/proc/${box.pid}/root${boxPaths.workspace}`, constants.O_RDONLY) : undefined;
    const canFreeze = this.#cgroups.has("freezer");
    return {
      box,
      root: held === undefined ? `${directory}/${nameOf(boxPaths.workspace)}` : `/proc/self/fd/${held}`,
      owner,
      ended: box.ended.then((end) => toSandboxEnd(end, cgroup)),
      pause() {
        if (canFreeze) cgroup.setFrozen(true);
        else box.signalAll("STOP");
      },
      resume() {
        if (canFreeze) cgroup.setFrozen(false);
        else box.signalAll("CONT");
      },
      async close(paused) {
        const killed = box.kill();
        if (paused && canFreeze) cgroup.setFrozen(false); // What is frozen does not die.
        await killed;
        if (held !== undefined) closeSync(held);
        await cgroup.remove();
        await unmount(directory);
      },
    };
  }
}

interface BoxPlan {
  readonly directory: string;
  readonly cgroup: Cgroup;
  readonly owner: BoxOwner | undefined;
  readonly limits: SandboxLimits;
}

interface BoxParts extends Omit<BoxPlan, "limits"> {
  readonly box: Box;
}

/**
 * Where a root's processes and those of a box, which are another user's, both get to. Programs look for it by name, so that each
 * directory above must let that user through.
 */
function workspaceDirectory(id: string): string {
  return `/run/agentscope-${id}`;
}

/** A workspace that can hold so much and no more; whoever is not root gets one in the box's own mounts. */
async function makeWorkspace(directory: string, diskBytes: number, { uid, gid }: BoxOwner): Promise<void> {
  const size = Math.max(1, Math.floor(diskBytes / 1024));
  // A file of nothing has no size, and costs memory of the kernel's.
  const files = Math.max(1024, Math.floor(diskBytes / bytesPerFile));
  mkdirSync(directory, { mode: 0o711 });
  const mountOptions = `size=${size}k,nr_inodes=${files},mode=0711,uid=${uid},gid=${gid},nosuid,nodev`;
  await run("mount", ["-t", "tmpfs", "-o", mountOptions, "agentscope-sandbox", directory]);
  for (const path of [boxPaths.workspace, boxPaths.history, boxPaths.run]) {
    const below = `${directory}/${nameOf(path)}`;
    mkdirSync(below);
    chownSync(below, uid, gid);
  }
}

/** Also what is still in use; it then goes with its last user. */
async function unmount(directory: string): Promise<void> {
  if (removeEmpty(directory)) return;
  await run("umount", ["-l", directory]).catch(() => undefined); // It is not mounted.
  removeEmpty(directory);
}

function removeEmpty(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "ENOENT"; // Errors of fs have codes.
  }
}

function toSandboxEnd({ exitCode, signal }: BoxEnd, cgroup: Cgroup): SandboxEnd {
  if (cgroup.memoryKills() > 0) return { reason: "out_of_memory", message: "It used up its memory." };
  if (signal !== null || (exitCode ?? 0) > 128) {
    return { reason: "killed", message: `Its main process was killed (${signal ?? `exit code ${exitCode}`}).` };
  }
  return { reason: "exited", message: `Its main process exited with code ${exitCode}.` };
}

function noRoom(thrown: unknown): unknown {
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
  if (code !== "ENOSPC" && code !== "ENOMEM" && code !== "EAGAIN" && code !== "EMFILE") return thrown;
  const message = `There is no room for another sandbox (${code}): end some.`;
  return new RuntimeError("resource_exhausted", message, { cause: thrown });
}
