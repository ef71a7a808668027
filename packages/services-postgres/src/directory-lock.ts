import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";

const lockName = /^lock-(?<pid>\d+)-[^-]*-(?<host>.*)$/;

/** So long a socket's path may be everywhere, in bytes. */
const longestPath = 100;

/**
 * Takes a directory for this opening alone; `conflict` when somebody has it. Each process announces itself by a socket that
 * it listens on, and only then looks for others: of two that come at once, one sees the other at least. A socket ends with
 * its process, however that goes, and answers also across containers, where the numbers of processes mean nothing. What is
 * left of one that has ended is swept away.
 */
export async function lockDirectory(directory: string): Promise<AsyncDisposable> {
  await orUnusable(directory, mkdir(directory, { recursive: true }));
  const own = `lock-${process.pid}-${randomBytes(4).toString("hex")}-${hostname().slice(0, 32)}`;
  await using way = await shortWay(directory, own);
  const listening = await orUnusable(directory, listen(join(way.path, own)));
  const unlock = async (): Promise<void> => {
    await listening[Symbol.asyncDispose]();
    await rm(join(directory, own), { force: true });
  };
  try {
    for (const name of await readdir(directory)) {
      const { pid, host = "" } = lockName.exec(name)?.groups ?? {};
      if (pid === undefined || name === own) continue;
      if (await answers(join(way.path, name))) throw inUse(directory, pid, host);
      await rm(join(directory, name), { force: true });
    }
  } catch (thrown) {
    await unlock();
    throw thrown;
  }
  return { [Symbol.asyncDispose]: unlock };
}

function inUse(directory: string, pid: string, host: string): RuntimeError {
  return new RuntimeError(
    "conflict",
    `${directory} is in use by process ${pid} on ${host}. One process at a time can have it: end that one, or use another directory.`,
  );
}

async function orUnusable<T>(directory: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new RuntimeError(
      "unavailable",
      `${directory} cannot be used: it must be a directory, writable, on a disk that takes sockets, such as a local one.`,
      { cause },
    );
  }
}

async function listen(path: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy()).unref();
  await once(server.listen(path), "listening");
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

/** Whether somebody listens there. The system answers, also while that process is busy. */
async function answers(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return true;
  } catch (thrown) {
    // Whatever else keeps us from asking, such as its permissions, somebody may be there. Node's own error.
    return !["ECONNREFUSED", "ENOENT", "ENOTSOCK"].includes((thrown as NodeJS.ErrnoException).code ?? "");
  } finally {
    socket.destroy();
  }
}

/** The directory under a name that leaves room for that of a socket. */
async function shortWay(directory: string, name: string): Promise<AsyncDisposable & { readonly path: string }> {
  if (Buffer.byteLength(join(directory, name)) <= longestPath) {
    return { path: directory, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const own = await mkdtemp(join(tmpdir(), "lock-"));
  const path = join(own, "d");
  await symlink(resolve(directory), path);
  return { path, [Symbol.asyncDispose]: () => rm(own, { recursive: true, force: true }) };
}
