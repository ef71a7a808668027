import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";

const lockName = /^lock-(?<pid>\d+)-(?<start>\d+)-[0-9a-f-]+$/;

/**
 * Takes a directory for this opening alone; `conflict` when somebody has it. Each process announces itself by a file and
 * only then looks for others: of two that come at once, one sees the other at least. The file of a process that is gone,
 * or whose number another process has by now, is swept away.
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true });
  const own = `lock-${process.pid}-${await startOf(process.pid)}-${randomUUID()}`;
  const unlock = (): Promise<void> => rm(join(directory, own), { force: true });
  await writeFile(join(directory, own), "");
  try {
    for (const name of await readdir(directory)) {
      if (name !== own) await assertFree(directory, name);
    }
  } catch (thrown) {
    await unlock();
    throw thrown;
  }
  return { [Symbol.asyncDispose]: unlock };
}

async function assertFree(directory: string, name: string): Promise<void> {
  const { pid, start } = lockName.exec(name)?.groups ?? {};
  if (pid === undefined || start === undefined) return;
  if (isAlive(Number(pid)) && (await startOf(Number(pid))) === start) {
    throw new RuntimeError(
      "conflict",
      `${directory} is in use by process ${pid}. One process at a time can have it: end that one, or use another directory.`,
    );
  }
  await rm(join(directory, name), { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM"; // Somebody else's process is one too. Node's own error.
  }
}

/** When a process began, in a unit of the system's. Where the system does not tell, all began at 0. */
async function startOf(pid: number): Promise<string> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // Behind the name, which is in parentheses and may hold anything: the 22nd field of all.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "0";
  } catch {
    return "0";
  }
}
