import { setTimeout as sleep } from "node:timers/promises";
import type { FileChange, SandboxFiles } from "../sandbox-files.ts";
import type { Sandbox } from "../sandbox.ts";
import type { SandboxContract } from "./sandbox-contract.ts";

const escapes = ["..", "../x", "a/../../x", "/etc/passwd", "/", "./../x", "a/../../../../../../etc/passwd"];

async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(pieces));
}

/** What it means to keep files. */
export const filePromises: SandboxContract = {
  "reads back what was written, every byte of it": async ({ files }) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await files.write("bytes", bytes);
    expect([...(await files.read("bytes"))]).toEqual([...bytes]);
    await files.write("text", "é 日本 👩🏽‍🚀\n");
    expect(await files.readText("text")).toBe("é 日本 👩🏽‍🚀\n");
    await files.write("empty", "");
    expect(await files.readText("empty")).toBe("");
  },

  "streams 20 MB in and out": async ({ files }) => {
    const piece = Buffer.alloc(100_000, "0123456789");
    const entry = await files.write(
      "big",
      (async function* () {
        for (let index = 0; index < 200; index += 1) yield piece;
      })(),
    );
    expect(entry.size).toBe(20_000_000);
    let size = 0;
    for await (const read of files.stream("big")) size += read.length;
    expect(size).toBe(20_000_000);
    for await (const read of files.stream("big")) {
      expect(read.length).toBeGreaterThan(0);
      break;
    }
  },

  "keeps the old file when the new one breaks off": async ({ files }) => {
    await files.write("kept", "old");
    const broken = (async function* () {
      yield Buffer.from("new");
      throw new Error("broken off");
    })();
    await expect(files.write("kept", broken)).rejects.toThrow();
    expect(await files.readText("kept")).toBe("old");
    expect((await files.list(".")).map(({ name }) => name)).toEqual(["kept"]);
  },

  "tells of a file its place, type, size and time": async ({ files }) => {
    const entry = await files.write("a/b.txt", "12345");
    expect(entry).toEqual({
      path: expect.stringMatching(/^\/.*\/a\/b\.txt$/) as string,
      name: "b.txt",
      type: "file",
      size: 5,
      modifiedAt: expect.any(Number) as number,
    });
    expect(Math.abs(entry.modifiedAt - Date.now())).toBeLessThan(120_000);
    expect(await files.stat(entry.path)).toEqual(entry);
    expect(await files.stat("a")).toMatchObject({ name: "a", type: "directory" });
    expect(await files.stat("nothing")).toBeUndefined();
    expect(await files.stat("a/b.txt/below")).toBeUndefined();
  },

  "writes many": async ({ files }) => {
    const entries = await files.writeMany([
      { path: "one", data: "1" },
      { path: "deep/er/two", data: Buffer.from("22") },
    ]);
    expect(entries.map(({ name, size }) => [name, size])).toEqual([
      ["one", 1],
      ["two", 2],
    ]);
  },

  "lists as deep as it is asked, parents first and by name": async ({ files }) => {
    await files.writeMany(["b/2", "b/1/x", "a", "c"].map((path) => ({ path, data: "" })));
    expect((await files.list(".")).map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect((await files.list("", { depth: 9 })).map(({ name }) => name)).toEqual(["a", "b", "1", "x", "2", "c"]);
    expect((await files.list("b")).map(({ name }) => name)).toEqual(["1", "2"]);
    expect(await files.list(".", { limit: 2 })).toHaveLength(2);
  },

  "keeps hostile names as they are": async ({ files }) => {
    const names = ["a b", "-rf", "it's", '"q"', "$(id)", "é日本👩🏽‍🚀", "new\nline", "%2e%2e", "#?&", "..."];
    await files.writeMany(names.map((name) => ({ path: `names/${name}`, data: name })));
    const listed = await files.list("names");
    expect(new Set(listed.map(({ name }) => name))).toEqual(new Set(names));
    for (const { path, name } of listed) expect(await files.readText(path)).toBe(name);
  },

  "moves, and replaces what was there": async ({ files }) => {
    await files.writeMany([
      { path: "from", data: "new" },
      { path: "deep/to", data: "old" },
    ]);
    expect(await files.move("from", "deep/to")).toMatchObject({ name: "to", size: 3 });
    expect(await files.readText("deep/to")).toBe("new");
    expect(await files.stat("from")).toBeUndefined();
    await files.move("deep", "made/on/the/way");
    expect(await files.readText("made/on/the/way/to")).toBe("new");
    await expect(files.move("nothing", "somewhere")).rejects.toMatchObject({ code: "not_found" });
  },

  "makes directories, once": async ({ files }) => {
    expect(await files.mkdir("a/b/c")).toBe(true);
    expect(await files.mkdir("a/b/c")).toBe(false);
    await files.write("file", "");
    await expect(files.mkdir("file")).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(files.mkdir("file/below")).rejects.toMatchObject({ code: "invalid_argument" });
  },

  "removes with all that is in it, and again without complaint": async ({ files }) => {
    await files.write("a/b/c", "");
    await files.remove("a");
    await files.remove("a");
    expect(await files.list(".")).toEqual([]);
    await expect(files.remove(".")).rejects.toMatchObject({ code: "invalid_argument" });
  },

  "says what is not there, and what is of the wrong kind": async ({ files }) => {
    await files.write("dir/file", "");
    for (const call of [() => files.read("none"), () => bytesOf(files.stream("none")), () => files.list("none")]) {
      await expect(call()).rejects.toMatchObject({
        code: "not_found",
        message: expect.stringContaining("none") as string,
      });
    }
    for (const call of [() => files.read("dir"), () => files.write("dir", "x"), () => files.list("dir/file")]) {
      await expect(call()).rejects.toMatchObject({ code: "invalid_argument" });
    }
  },

  "lets no path out of the workspace": async ({ files }) => {
    for (const path of escapes) {
      for (const call of [
        () => files.read(path),
        () => files.write(path, "x"),
        () => files.list(path),
        () => files.stat(path),
        () => files.remove(path),
        () => files.mkdir(path),
        () => files.move("x", path),
        () => files.move(path, "x"),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: "permission_denied" });
      }
    }
    await expect(files.read("nul\0byte")).rejects.toMatchObject({ code: "invalid_argument" });
  },

  "lets no link lead out of the workspace": async (sandbox) => {
    const { files } = sandbox;
    await sandbox.runShellCommand(
      "ln -s /etc out; ln -s /etc/hostname file; ln -s loop loop; mkdir in; ln -s in inner; echo x >in/x",
    );
    for (const path of ["out/hostname", "file", "out/new", "inner/../../etc/hostname"]) {
      await expect(files.read(path)).rejects.toMatchObject({ code: "permission_denied" });
      await expect(files.write(path, "x")).rejects.toMatchObject({ code: "permission_denied" });
    }
    await expect(files.list("out")).rejects.toMatchObject({ code: "permission_denied" });
    await expect(files.read("loop")).rejects.toMatchObject({ code: "permission_denied" });
    expect(await files.readText("inner/x")).toBe("x\n");
    expect(await files.stat("out")).toMatchObject({ type: "link" });
    await files.remove("out");
    expect((await sandbox.runShellCommand("ls /etc/hostname")).exitCode).toBe(0);
    expect((await files.list(".", { depth: 9 })).filter(({ type }) => type === "link")).toHaveLength(3);
  },

  "tells what changes": async (sandbox) => {
    await sandbox.files.write("old", "");
    const stop = new AbortController();
    const seen: FileChange[] = [];
    for await (const changes of watchReady(sandbox, stop.signal)) {
      seen.push(...changes);
      if (seen.some(({ path, type }) => path.endsWith("/made/new") && type !== "removed")) break;
    }
    expect(seen.length).toBeGreaterThan(0);
  },

  "does not watch what a link leads to that takes a directory's place": async (sandbox) => {
    const stop = new AbortController();
    // In whatever moment it is looked at, it may be the one or the other. Some refuse such links, which does as well.
    const swap = `import os
try:
    os.mkdir('first')
    for _ in range(1000):
        os.rename('first', 'kept'); os.symlink('/usr', 'first'); os.unlink('first'); os.rename('kept', 'first')
finally:
    open('done', 'w').close()`;
    const seen = new Set<string>();
    let swapping: Promise<unknown> | undefined;
    for await (const changes of watchReady(sandbox, stop.signal)) {
      for (const { path } of changes) seen.add(path);
      if ([...seen].some((path) => path.endsWith("/done"))) break;
      swapping ??= sandbox.runIpythonCell(swap);
    }
    await swapping;
    expect([...seen].filter((path) => path.includes("/first/"))).toEqual([]);
  },

  "stops watching when the signal aborts": async ({ files }) => {
    const stop = new AbortController();
    const watching = Array.fromAsync(files.watch(".", { signal: stop.signal }));
    stop.abort(new Error("enough"));
    await expect(watching).rejects.toThrow("enough");
  },

  "writes nothing once the signal is aborted": async ({ files }) => {
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(files.write("a", "b", { signal })).rejects.toThrow("stop");
    expect(await files.stat("a")).toBeUndefined();
  },
};

/** Watches, and goes on making files until the first change was seen, since nothing tells when the watching has begun. */
async function* watchReady(
  { files }: Sandbox,
  signal: AbortSignal,
): AsyncGenerator<readonly FileChange[], void, undefined> {
  const seen = new AbortController();
  const making = makeUntil(files, seen.signal);
  try {
    for await (const changes of files.watch(".", { signal })) {
      seen.abort();
      yield changes;
    }
  } finally {
    seen.abort();
    await making;
  }
}

async function makeUntil(files: SandboxFiles, seen: AbortSignal): Promise<void> {
  for (let index = 0; !seen.aborted && index < 200; index += 1) {
    await files.write("made/new", String(index));
    await sleep(25);
  }
}
