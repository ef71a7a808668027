import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** The variable by which the processes of a sandbox and of a command are known, whatever group or session they move to. */
export const markVariable = "AGENTSCOPE_PROCESS";

const pauseMs = 5;
const patienceMs = 5_000;

interface Running {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
}

/**
 * Kills a process, its group, and all that came from it: what left the group is found by its parents or by the mark in its
 * environment. Resolves when none is left, or when one does not die: then it hangs in the kernel.
 *
 * @param mark - the beginning of the mark
 */
export async function killMarked(pid: number | undefined, mark: string): Promise<void> {
  if (pid !== undefined) kill(-pid);
  if (process.platform !== "linux") return;
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await findMarked(pid, mark);
    if (found.length === 0 || performance.now() > deadline) return;
    for (const each of found) kill(each);
    await sleep(pauseMs); // Nothing tells of the end of processes that are not our children.
  }
}

async function findMarked(root: number | undefined, mark: string): Promise<readonly number[]> {
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const running = (await Promise.all(names.map(stateOf))).filter((state) => state !== undefined);
  const entry = `${markVariable}=${mark}`;
  const marked = await Promise.all(running.map(async ({ pid }) => isMarked(pid, entry)));
  const found = new Set(running.filter((_, index) => marked[index]).map(({ pid }) => pid));
  if (root !== undefined) {
    for (const { pid, group, session } of running) if (group === root || session === root) found.add(pid);
  }
  for (let grown = true; grown;) {
    const more = running.filter(({ pid, parent }) => found.has(parent) && !found.has(pid));
    for (const { pid } of more) found.add(pid);
    grown = more.length > 0;
  }
  found.delete(process.pid);
  return [...found];
}

/** Undefined for one that is gone, or dead and not yet buried. */
async function stateOf(name: string): Promise<Running | undefined> {
  const stat = await readFile(`/proc/${name}/stat`, "latin1").catch(() => "");
  // The name, in parentheses, may hold anything.
  const [state, parent, group, session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === undefined || state === "" || state === "Z" || state === "X") return undefined;
  return { pid: Number(name), parent: Number(parent), group: Number(group), session: Number(session) };
}

async function isMarked(pid: number, entry: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  return environment.startsWith(entry) || environment.includes(`\0${entry}`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}
