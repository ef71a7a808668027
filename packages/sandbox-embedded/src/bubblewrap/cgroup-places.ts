import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** The controllers that limits and pauses need. */
export type Controller = "memory" | "pids" | "cpu" | "freezer";

/** Where a process may make control groups: one tree for all controllers, or one for each. */
export interface CgroupPlaces {
  readonly version: 1 | 2;
  /** Directories of the group that we are in; in version 2 all of them are the same. */
  readonly directories: Readonly<Partial<Record<Controller, string>>>;
  /** In version 2: the top of the tree, for those who may write there. */
  readonly top?: string;
}

export const controllers: readonly Controller[] = ["memory", "pids", "cpu", "freezer"];

/** Reads the places from what the kernel says of this process; undefined where there are none. */
export function findCgroupPlaces(): CgroupPlaces | undefined {
  try {
    return parseCgroupPlaces(readFileSync("/proc/self/cgroup", "utf8"), readFileSync("/proc/self/mountinfo", "utf8"));
  } catch {
    return undefined; // No Linux.
  }
}

/**
 * @param groups - the text of `/proc/self/cgroup`
 * @param mounts - the text of `/proc/self/mountinfo`
 */
export function parseCgroupPlaces(groups: string, mounts: string): CgroupPlaces | undefined {
  const mounted = mounts.split("\n").flatMap(parseMount);
  const ours = groups
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, names = "", ...path] = line.split(":");
      return { names: names.split(","), path: path.join(":") };
    });

  const directories: Partial<Record<Controller, string>> = {};
  for (const controller of controllers) {
    const mount = mounted.find(({ type, options }) => type === "cgroup" && options.includes(controller));
    const group = ours.find(({ names }) => names.includes(controller));
    const directory = mount && group && directoryOf(mount, group.path);
    if (directory !== undefined) directories[controller] = directory;
  }
  if (Object.keys(directories).length > 0) return { version: 1, directories };

  const mount = mounted.find(({ type }) => type === "cgroup2");
  const group = ours.find(({ names }) => names[0] === "");
  const directory = mount && group && directoryOf(mount, group.path);
  if (directory === undefined) return undefined;
  return {
    version: 2,
    directories: Object.fromEntries(controllers.map((controller) => [controller, directory])),
    top: mount?.point ?? directory,
  };
}

interface Mount {
  readonly root: string;
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

function parseMount(line: string): readonly Mount[] {
  const [before = "", after = ""] = line.split(" - ");
  const [, , , root, point] = before.split(" ");
  const [type, , options = ""] = after.split(" ");
  if (root === undefined || point === undefined || (type !== "cgroup" && type !== "cgroup2")) return [];
  return [{ root, point, type, options: options.split(",") }];
}

/** In a container the mount shows a part of the tree only. */
function directoryOf({ root, point }: Mount, path: string): string | undefined {
  const below = relative(root, path);
  if (below.startsWith("..")) return undefined;
  return join(point, below);
}
