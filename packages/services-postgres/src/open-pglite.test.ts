import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { messageSchema } from "@agentscope-runtime/protocol";
import { lockDirectory } from "./directory-lock.ts";
import { openPGlite, openPGliteServices } from "./index.ts";

const timeoutMs = 60_000;
const session = { userId: "ada", sessionId: "tea" };
const message = messageSchema.parse({ role: "user" });

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "agentscope-pglite-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Another process that has the directory. Whatever becomes of it, it writes this to its end. */
async function openElsewhere(): Promise<AsyncDisposable & { readonly pid: number }> {
  const source = JSON.stringify(join(import.meta.dirname, "index.ts"));
  const script = `const { openPGliteServices } = await import(${source});
    const services = await openPGliteServices({ directory: ${JSON.stringify(directory)} });
    await services.sessions.append(${JSON.stringify(session)}, [${JSON.stringify(message)}]);
    console.log("open");
    setInterval(() => undefined, 1000);`;
  const args = ["--conditions=@agentscope-runtime/source", "--input-type=module", "-e", script];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  await Promise.race([once(child.stdout, "data"), exited.then(() => Promise.reject(new Error("It ended.")))]);
  return {
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

it(
  "keeps everything in its directory, for the next process",
  async () => {
    for (const count of [1, 2]) {
      await using services = await openPGliteServices({ directory: join(directory, "new", "one") });
      await services.sessions.append(session, [message]);
      expect(await services.sessions.get(session)).toMatchObject({ messageCount: count });
    }
  },
  timeoutMs,
);

it(
  "refuses a directory that another process has, and takes it when that one is gone, however it went",
  async () => {
    await using elsewhere = await openElsewhere();
    const refused = openPGlite({ directory });
    await expect(refused).rejects.toMatchObject({ code: "conflict" });
    await expect(refused).rejects.toThrow(`${directory} is in use by process ${elsewhere.pid}`);
    await elsewhere[Symbol.asyncDispose](); // By kill -9.
    await using services = await openPGliteServices({ directory });
    expect(await services.sessions.get(session)).toMatchObject({ messageCount: 1 });
    await services[Symbol.asyncDispose]();
    expect(await readdir(directory)).toEqual(["data"]);
  },
  timeoutMs,
);

it(
  "refuses a directory that is open in this process already",
  async () => {
    await using database = await openPGlite({ directory });
    await expect(openPGlite({ directory })).rejects.toMatchObject({ code: "conflict" });
    expect(await database.run("select 1 as one")).toEqual([{ one: 1 }]);
  },
  timeoutMs,
);

it(
  "refuses a directory that a process of another container has, whose number says nothing here",
  async () => {
    await using elsewhere = await openElsewhere();
    const [lock = ""] = (await readdir(directory)).filter((name) => name.startsWith("lock-"));
    const foreign = lock.replace(String(elsewhere.pid), "999999999").replace(hostname().slice(0, 32), "container-7");
    await rename(join(directory, lock), join(directory, foreign));
    await expect(openPGlite({ directory })).rejects.toThrow("is in use by process 999999999 on container-7");
    await elsewhere[Symbol.asyncDispose]();
    await using database = await openPGlite({ directory });
    expect(await database.run("select 1 as one")).toEqual([{ one: 1 }]);
  },
  timeoutMs,
);

it(
  "takes a directory with what is left of others, and refuses it however long its name is",
  async () => {
    const long = join(directory, ..."abcde".split("").map((letter) => letter.repeat(40)));
    await mkdir(long, { recursive: true });
    await writeFile(join(long, `lock-${process.pid}-0-here`), "");
    await using database = await openPGlite({ directory: long });
    await expect(openPGlite({ directory: long })).rejects.toMatchObject({ code: "conflict" });
    expect(await database.run("select 1 as one")).toEqual([{ one: 1 }]);
    await database[Symbol.asyncDispose]();
    expect(await readdir(long)).toEqual(["data"]);
  },
  timeoutMs,
);

it("gives a directory to one of many that come at once, at the most", async () => {
  const locks = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(directory)));
  const taken = locks.flatMap((lock) => (lock.status === "fulfilled" ? [lock.value] : []));
  expect(taken.length).toBeLessThanOrEqual(1);
  for (const lock of taken) await lock[Symbol.asyncDispose]();
  await using again = await lockDirectory(directory);
  expect(await readdir(directory)).toHaveLength(1);
  await again[Symbol.asyncDispose]();
  expect(await readdir(directory)).toEqual([]);
});

it("says what is wrong with a directory that cannot be locked", async () => {
  await writeFile(join(directory, "file"), "");
  const refused = openPGlite({ directory: join(directory, "file") });
  await expect(refused).rejects.toMatchObject({ code: "unavailable" });
  await expect(refused).rejects.toThrow("file cannot be used: it must be a directory");
});

it(
  "says what to do about a directory that is damaged",
  async () => {
    await (await openPGlite({ directory }))[Symbol.asyncDispose]();
    await rm(join(directory, "data", "global"), { recursive: true });
    await mkdir(join(directory, "data", "global"));
    const refused = openPGlite({ directory });
    await expect(refused).rejects.toMatchObject({ code: "unavailable" });
    await expect(refused).rejects.toThrow(`PGlite cannot open ${directory}`);
    expect(await readdir(directory)).toEqual(["data"]);
  },
  timeoutMs,
);

it(
  "keeps everything in memory without a directory",
  async () => {
    const services = await openPGliteServices();
    await services.sessions.append(session, [message]);
    expect(await services.sessions.get(session)).toMatchObject({ messageCount: 1 });
    await services[Symbol.asyncDispose]();
    await expect(services.sessions.get(session)).rejects.toMatchObject({ code: "unavailable" });
  },
  timeoutMs,
);
