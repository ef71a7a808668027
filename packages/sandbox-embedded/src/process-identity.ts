import { readFileSync } from "node:fs";

/** A process, and not another one that got its number later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in the kernel's ticks; "" where there is no saying. */
  readonly startedAt: string;
}

export function identityOf(pid: number): ProcessIdentity {
  return { pid, startedAt: startOf(pid) };
}

/** Whether it still runs. */
export function isAlive({ pid, startedAt }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    // One of somebody else's is alive. Errors of kill have codes.
    if ((thrown as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return startedAt === "" || startOf(pid) === startedAt;
}

function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name, in parentheses, may hold anything; what is meant is the 22nd field.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
