import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SandboxLimits } from "@agentscope-runtime/sandbox";
import { controllers, findCgroupPlaces } from "./cgroup-places.ts";
import type { CgroupPlaces, Controller } from "./cgroup-places.ts";

/** What a group may use up; what is left out is not limited. */
export type CgroupLimits = Partial<Pick<SandboxLimits, "memoryBytes" | "cpus" | "processes">>;

const prefix = "agentscope-";
const periodMicroseconds = 100_000;
const removals = { times: 200, pauseMs: 5 };

/**
 * Where control groups can be made, and of which kind. The files are the kernel's own, which answers at once, so that nothing is
 * gained by waiting for them.
 */
export class Cgroups {
  readonly #version: 1 | 2;
  readonly #parents: ReadonlyMap<Controller, string>;

  private constructor(version: 1 | 2, parents: ReadonlyMap<Controller, string>) {
    this.#version = version;
    this.#parents = parents;
  }

  /** What can be had here: no controllers at all where nothing may be written. */
  static open(places: CgroupPlaces | undefined = findCgroupPlaces()): Cgroups {
    if (places === undefined) return new Cgroups(1, new Map());
    return new Cgroups(places.version, places.version === 1 ? parentsOfVersion1(places) : parentsOfVersion2(places));
  }

  has(controller: Controller): boolean {
    return this.#parents.has(controller);
  }

  /** Nothing is left of it when it throws. */
  make(name: string, limits: CgroupLimits): Cgroup {
    const group = this.get(name);
    try {
      for (const parent of new Set(this.#parents.values())) mkdirSync(join(parent, prefix + name));
      for (const [controller, file, value] of this.#settings(limits)) {
        const parent = this.#parents.get(controller);
        if (parent !== undefined) writeFileSync(join(parent, prefix + name, file), String(value));
      }
      this.#limitSwap(name, limits);
      return group;
    } catch (thrown) {
      void group.remove();
      throw thrown;
    }
  }

  /** One that was made before, by this process or another. */
  get(name: string): Cgroup {
    return new Cgroup(
      this.#version,
      new Map([...this.#parents].map(([controller, parent]) => [controller, join(parent, prefix + name)])),
    );
  }

  *#settings(limits: CgroupLimits): Generator<readonly [Controller, string, number | string], void, undefined> {
    const { memoryBytes, processes, cpus } = limits;
    const first = this.#version === 1;
    if (memoryBytes !== undefined) {
      yield ["memory", first ? "memory.limit_in_bytes" : "memory.max", Math.floor(memoryBytes)];
    }
    if (processes !== undefined) yield ["pids", "pids.max", Math.floor(processes)];
    if (cpus !== undefined) {
      const quota = Math.max(1000, Math.floor(cpus * periodMicroseconds));
      if (first) yield ["cpu", "cpu.cfs_quota_us", quota];
      else yield ["cpu", "cpu.max", `${quota} ${periodMicroseconds}`];
    }
  }

  /** A kernel without swap has no file for it. */
  #limitSwap(name: string, { memoryBytes }: CgroupLimits): void {
    const parent = this.#parents.get("memory");
    if (parent === undefined || memoryBytes === undefined) return;
    const [file, value] =
      this.#version === 1 ? ["memory.memsw.limit_in_bytes", Math.floor(memoryBytes)] : ["memory.swap.max", 0];
    const path = join(parent, prefix + name, file);
    if (existsSync(path)) writeFileSync(path, String(value));
  }
}

/** A group of processes: all that run in one sandbox. */
export class Cgroup {
  readonly #version: 1 | 2;
  readonly #directories: ReadonlyMap<Controller, string>;

  constructor(version: 1 | 2, directories: ReadonlyMap<Controller, string>) {
    this.#version = version;
    this.#directories = directories;
  }

  /**
   * Words for a shell of this user's, or of our own, that joins and goes on: in version 1 the kernel lets a thread move itself at once,
   * and waits for 10 ms to move another. Until `shut` is called it may. Undefined in version 2, which moves whole processes only.
   */
  letJoin(user: { readonly uid: number; readonly gid: number } | undefined): string | undefined {
    if (this.#version === 2) return undefined;
    const files = this.#each().map((directory) => join(directory, "tasks"));
    if (user !== undefined) for (const file of files) chownSync(file, user.uid, user.gid);
    return files.map((file) => `echo 0 >'${file.replaceAll("'", "'\\''")}' && `).join("");
  }

  /** Nobody joins any more. */
  shut(): void {
    const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
    for (const directory of this.#version === 1 ? this.#each() : []) chownSync(join(directory, "tasks"), uid, gid);
  }

  /** Moves a process. */
  async add(pid: number): Promise<void> {
    await Promise.all(this.#each().map(async (directory) => writeFile(join(directory, "cgroup.procs"), String(pid))));
  }

  pids(): readonly number[] {
    const lists = this.#each().map((directory) => textOf(join(directory, "cgroup.procs")));
    return [...new Set(lists.flatMap((list) => list.split("\n").filter((line) => line !== "")))].map(Number);
  }

  /** Stops all processes where they are, or lets them go on. Nothing where groups cannot be frozen, or the group is gone. */
  setFrozen(frozen: boolean): void {
    const directory = this.#directories.get("freezer");
    if (directory === undefined) return;
    const [file, value] =
      this.#version === 1 ? ["freezer.state", frozen ? "FROZEN" : "THAWED"] : ["cgroup.freeze", frozen ? "1" : "0"];
    try {
      writeFileSync(join(directory, file), value);
    } catch (thrown) {
      // Errors of fs have codes.
      if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
    }
  }

  /** How many of its processes were killed since they used up the memory. */
  memoryKills(): number {
    const directory = this.#directories.get("memory");
    if (directory === undefined) return 0;
    const text = textOf(join(directory, this.#version === 1 ? "memory.oom_control" : "memory.events"));
    return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
  }

  /** Waits, for a second at most, until its last process is gone. */
  async remove(): Promise<void> {
    await Promise.all(this.#each().map(removeGroup));
  }

  #each(): readonly string[] {
    return [...new Set(this.#directories.values())];
  }
}

function parentsOfVersion1({ directories }: CgroupPlaces): ReadonlyMap<Controller, string> {
  const entries = controllers.map((controller) => [controller, directories[controller]] as const);
  return new Map(entries.filter((entry): entry is [Controller, string] => canWrite(entry[1])));
}

/** A group hands its controllers down; one that has processes of its own cannot, unless it is the top of the tree. */
function parentsOfVersion2({ directories, top }: CgroupPlaces): ReadonlyMap<Controller, string> {
  const places = [...new Set([directories.freezer, top])].filter(canWrite);
  let parents = new Map<Controller, string>();
  for (const place of places) {
    // Freezing needs no controller.
    const given = controllers.filter((name) => name === "freezer" || handsDown(place, name));
    parents = new Map(given.map((name) => [name, place]));
    if (parents.size > 1) break;
  }
  return parents;
}

function handsDown(directory: string, controller: Controller): boolean {
  try {
    writeFileSync(join(directory, "cgroup.subtree_control"), `+${controller}`);
    return true;
  } catch {
    return false;
  }
}

/** The kernel says that a group is busy while its last process is on its way out, and tells nobody when it is gone. */
async function removeGroup(directory: string): Promise<void> {
  for (let time = 0; time < removals.times; time += 1) {
    try {
      rmdirSync(directory);
      return;
    } catch (thrown) {
      // Errors of fs have codes. With any other it is gone, or never was.
      if ((thrown as NodeJS.ErrnoException).code !== "EBUSY") return;
    }
    await sleep(removals.pauseMs);
  }
}

function canWrite(directory: string | undefined): directory is string {
  try {
    if (directory !== undefined) accessSync(directory, constants.W_OK);
    return directory !== undefined;
  } catch {
    return false;
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
