import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describeWithBubblewrap } from "@agentscope-runtime-tooling/testing";
import { silentLogger } from "@agentscope-runtime/core";
import { baseSandboxType, SandboxManager } from "@agentscope-runtime/sandbox";
import type { OwnedSandbox } from "@agentscope-runtime/sandbox";
import { eventually } from "@agentscope-runtime/services/testing";
import { openWasmBackend } from "../index.ts";
import { isAlive } from "../process-identity.ts";
import type { ProcessIdentity } from "../process-identity.ts";
import { boxProgram } from "./box-program.ts";
import { openWasmWalls } from "./wasm-walls.ts";

const directory = mkdtempSync(join(tmpdir(), "wasm-sandbox-test-"));
const secret = join(directory, "secret");
writeFileSync(secret, "the host's");
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const bare = { directory: join(directory, "shelf"), bwrap: false } as const;
const spec = { type: baseSandboxType };

/** The process of a box without walls. */
function identityOf(id: string): ProcessIdentity {
  return JSON.parse(readFileSync(join(bare.directory, "boxes", id, "process.json"), "utf8")) as ProcessIdentity;
}

/** A backend for one sandbox. */
async function open(): Promise<OwnedSandbox> {
  const backend = await openWasmBackend(bare);
  const sandbox = await backend.create(spec);
  void sandbox.ended.then(async () => backend[Symbol.asyncDispose]());
  return sandbox;
}

describe("a shell in WebAssembly", () => {
  it("is stopped whatever it does, and the commands beside it go on", async () => {
    await using sandbox = await open();
    const beside = sandbox.runShellCommand("sleep 1.5; echo on");
    const spinning = await sandbox.runShellCommand("while :; do :; done", { timeoutMs: 500 });
    expect(spinning).toEqual({ stdout: "", stderr: "", exitCode: 137, stopped: "timeout" });
    const stop = new AbortController();
    const spin = "touch started; while :; do :; done";
    const aborted = sandbox.runShellCommand(spin, { signal: stop.signal }).catch((thrown: unknown) => thrown);
    await eventually(() => sandbox.files.stat("started"));
    stop.abort(new Error("enough"));
    expect(await aborted).toMatchObject({ message: "enough" });
    expect((await beside).stdout).toBe("on\n");
  });

  it("has commands wait where too many run", async () => {
    await using sandbox = await open();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, index) => sandbox.runShellCommand(`sleep 0.05; echo ${index}`)),
    );
    expect(results.map(({ stdout }) => stdout)).toEqual(results.map((_, index) => `${index}\n`));
  });

  it("ends a command that uses up its memory, and no other", async () => {
    await using backend = await openWasmBackend(bare);
    await using sandbox = await backend.create({ ...spec, limits: { memoryBytes: 128 * 1024 * 1024 } });
    const beside = sandbox.runShellCommand("sleep 0.5; echo on");
    const hungry = await sandbox.runShellCommand("awk 'BEGIN { while (1) a[i++] = sprintf(\"%01000d\", i) }'");
    expect(hungry).toMatchObject({ exitCode: 137, stopped: "out_of_memory" });
    expect((await beside).stdout).toBe("on\n");
  });

  it("prints no more than it may", async () => {
    await using sandbox = await open();
    const result = await sandbox.runShellCommand("seq 1 100000; echo too late", { maxOutputBytes: 10_000 });
    expect(result.stopped).toBe("output_limit");
    expect(result.stdout.length + result.stderr.length).toBeLessThanOrEqual(10_000);
    const endless = await sandbox.runShellCommand("while :; do echo flood; done", { maxOutputBytes: 10_000 });
    expect(endless.stopped).toBe("output_limit");
  });

  it("keeps nothing from command to command but files", async () => {
    await using sandbox = await open();
    await sandbox.runShellCommand("x=1; cd /tmp; echo kept >/tmp/file; echo lost >/etc/file");
    const { stdout } = await sandbox.runShellCommand("pwd; cat /tmp/file; cat /etc/file; echo [$x]");
    expect(stdout).toBe("/workspace\nkept\n[]\n");
  });

  it("makes links that hold on both sides, and follows none out of the workspace", async () => {
    await using sandbox = await open();
    const script = `mkdir in; echo x >in/x; ln -s /workspace/in/x absolute; ln -s x in/relative; ln -s ${secret} out; ln -s ${directory} directory`;
    expect(await sandbox.runShellCommand(script)).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await sandbox.runShellCommand("cat absolute in/relative")).stdout).toBe("x\nx\n");
    expect(await sandbox.files.readText("absolute")).toBe("x\n");
    for (const path of ["out", "directory/secret", secret]) {
      const { stdout, exitCode } = await sandbox.runShellCommand(`cat ${path}`);
      expect([path, stdout, exitCode]).toEqual([path, "", 1]);
      const cell = await sandbox.runIpythonCell(`open(${JSON.stringify(path)}).read()`);
      expect(cell.outputs.at(-1)).toMatchObject({ type: "error" });
    }
    await sandbox.runShellCommand("echo changed >out; echo changed >directory/new; ln -s x directory/link");
    await sandbox.runIpythonCell("for p in ('out', 'directory/newer'): open(p, 'w').write('changed')");
    expect(readFileSync(secret, "utf8")).toBe("the host's");
    expect(readdirSync(directory).toSorted()).toEqual(["secret", "shelf"]);
  });
});

describe("Python in WebAssembly", () => {
  it("has no bridge to JavaScript", async () => {
    await using sandbox = await open();
    const ways = [
      'import pyodide_js; pyodide_js.runPython.constructor("return process")()',
      'import js; js.Function("return process")()',
      "import _pyodide_core; _pyodide_core",
      "import ctypes; ctypes.CDLL(None)",
      "import subprocess; subprocess.run(['id'])",
      "import os; os.execv('/bin/sh', ['sh'])",
      `open(${JSON.stringify(secret)}).read()`,
      `open('/proc/self/root${secret}').read()`,
    ];
    for (const way of ways) {
      const { outputs, isError } = await sandbox.runIpythonCell(way);
      expect([way, isError, outputs.at(-1)?.type]).toEqual([way, true, "error"]);
    }
    const { outputs } = await sandbox.runIpythonCell("import os; os.system('echo out >out.txt')");
    expect(outputs).not.toContainEqual(expect.objectContaining({ data: { "text/plain": "0" } }));
    expect(await sandbox.files.stat("out.txt")).toBeUndefined();
  });

  it("has the sandbox's environment, and nothing of the host's", async () => {
    await using backend = await openWasmBackend(bare);
    await using sandbox = await backend.create({ ...spec, environment: { COLOR: "blue" } });
    const { outputs } = await sandbox.runIpythonCell("import os; print(os.environ['COLOR'], 'NODE_ENV' in os.environ)");
    expect(outputs).toEqual([{ type: "stdout", text: "blue False\n" }]);
    expect((await sandbox.runShellCommand("echo $COLOR $NODE_ENV")).stdout).toBe("blue\n");
  });

  it("awaits, and runs loops, without threads", async () => {
    await using sandbox = await open();
    const task = "import asyncio\nasync def later(x):\n  await asyncio.sleep(0.01)\n  return x";
    await sandbox.runIpythonCell(task);
    for (const code of [
      "await later(42)",
      "asyncio.run(later(42))",
      "(await asyncio.gather(later(41), later(42)))[1]",
    ]) {
      const { outputs } = await sandbox.runIpythonCell(code);
      expect([code, outputs]).toEqual([code, [{ type: "result", data: { "text/plain": "42" } }]]);
    }
    const never = await sandbox.runIpythonCell("await asyncio.Future()");
    expect(never.outputs.at(-1)).toMatchObject({ type: "error", name: "RuntimeError" });
  });

  it("runs out of memory with an error, and goes on", async () => {
    await using sandbox = await open();
    const { outputs } = await sandbox.runIpythonCell("kept = 1; all = []\nwhile True: all.append(bytearray(1 << 20))");
    expect(outputs.at(-1)).toMatchObject({ type: "error", name: "MemoryError" });
    const after = await sandbox.runIpythonCell("print(kept, 200 < len(all) < 257)");
    expect(after.outputs).toEqual([{ type: "stdout", text: "1 True\n" }]);
  });

  it("has no network", async () => {
    await using sandbox = await open();
    const server = createServer().listen(0, "127.0.0.1");
    let connections = 0;
    server.on("connection", (socket) => {
      connections += 1;
      socket.destroy();
    });
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const cell = `import socket\nsocket.create_connection(("127.0.0.1", ${port}), timeout=2)`;
    expect(await sandbox.runIpythonCell(cell)).toMatchObject({ isError: true });
    expect((await sandbox.runShellCommand(`curl -s http://127.0.0.1:${port}/`)).exitCode).not.toBe(0);
    expect(connections).toBe(0);
    server.close();
  });

  it("uses files as any Python does", async () => {
    await using sandbox = await open();
    const { outputs } = await sandbox.runIpythonCell(`
import os, pathlib, shutil, tempfile
os.makedirs("a/b"); open("a/b/c", "w").write("é" * 3)
with open("a/b/c", "r+b") as f: f.seek(2); f.write(b"--"); f.truncate(4)
os.rename("a/b/c", "a/d"); os.symlink("d", "a/link"); os.chmod("a/d", 0o600)
shutil.copytree("a", "copy", symlinks=True)
with open("a/d", "a") as f: f.write("!")
tempfile.NamedTemporaryFile().write(b"x")
[pathlib.Path("a/link").read_bytes(), sorted(os.listdir("copy")), os.readlink("copy/link"), os.stat("a/d").st_size]`);
    expect(outputs).toEqual([
      {
        type: "result",
        data: { "text/plain": String.raw`[b'\xc3\xa9--!', ['b', 'd', 'link'], 'd', 5]` },
      },
    ]);
    expect((await sandbox.runShellCommand("cat copy/link; ls a")).stdout).toBe("é--b\nd\nlink\n");
  });
});

describe("a backend of wasm", () => {
  it("says once, in plain words, that it isolates nothing", async () => {
    const said: [object, string][] = [];
    const logger = { ...silentLogger, warn: (fields: object, message: string) => void said.push([fields, message]) };
    await using backend = await openWasmBackend({ ...bare, logger });
    await using first = await backend.create(spec);
    await using second = await backend.create(spec);
    expect(first.id).not.toBe(second.id);
    expect(said).toEqual([
      [
        { backend: "wasm", isolation: "none", bubblewrap: false },
        "Sandboxes of wasm isolate nothing that one may rely on: run only your own code in them. What gets out of them can do " +
          "all that this process can, since they run without bubblewrap: it is turned off.",
      ],
    ]);
    expect(await backend.abilities()).toMatchObject({
      isolation: "none",
      missing: expect.arrayContaining(["limits.memoryBytes", "exec.streaming", "snapshot"]) as unknown,
    });
  });

  it("says why there is no bubblewrap, and does without", async () => {
    const said: string[] = [];
    const logger = { ...silentLogger, warn: (_: object, message: string) => void said.push(message) };
    await using backend = await openWasmBackend({ ...bare, bwrap: "/bin/false", logger });
    expect(said).toEqual([expect.stringContaining("without bubblewrap: bubblewrap cannot be used") as string]);
    await using sandbox = await backend.create(spec);
    expect((await sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
  });

  it("is for one user, unless the app says by name that it knows", async () => {
    await using backend = await openWasmBackend(bare);
    const types = [baseSandboxType];
    await using careful = await SandboxManager.open({ backend, types });
    await using own = await careful.connect({ userId: "ada", sessionId: "s" });
    await expect(careful.connect({ userId: "bob", sessionId: "s" })).rejects.toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining("allowUnisolated") as string,
    });
    expect((await own.sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
    await using trusting = await SandboxManager.open({ backend, types, allowUnisolated: true });
    await using adas = await trusting.connect({ userId: "ada", sessionId: "s2" });
    await using bobs = await trusting.connect({ userId: "bob", sessionId: "s2" });
    for (const { sandbox } of [adas, bobs]) {
      expect((await sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
    }
  });

  it("tells of a box that was killed, also to a call that is under way", async () => {
    await using backend = await openWasmBackend(bare);
    await using sandbox = await backend.create(spec);
    const cell = sandbox.runIpythonCell("open('started', 'w').close()\nwhile True: pass");
    const failed = cell.catch((thrown: unknown) => thrown);
    await eventually(() => sandbox.files.stat("started"));
    process.kill(identityOf(sandbox.id).pid, "SIGKILL");
    expect(await sandbox.ended).toMatchObject({ reason: "killed" });
    expect(await failed).toMatchObject({ code: "not_found", message: expect.stringContaining("SIGKILL") as string });
    await expect(sandbox.runShellCommand("true")).rejects.toMatchObject({ code: "not_found" });
  });

  it("leaves nothing of an owner that was killed, not even what was paused", async () => {
    const script = `
      import { baseSandboxType } from "@agentscope-runtime/sandbox";
      import { openWasmBackend } from ${JSON.stringify(new URL("../index.ts", import.meta.url).href)};
      const backend = await openWasmBackend(${JSON.stringify(bare)});
      const sandbox = await backend.create({ type: baseSandboxType });
      await sandbox.pause();
      console.log(sandbox.id);
      setInterval(() => {}, 1000);
    `;
    const owner = spawn(
      process.execPath,
      ["--conditions=@agentscope-runtime/source", "--input-type=module", "-e", script],
      { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] },
    );
    const [id] = (await once(owner.stdout, "data")) as [Buffer];
    const identity = identityOf(id.toString().trim());
    owner.kill("SIGKILL");
    await once(owner, "exit");
    expect(isAlive(identity)).toBe(true);
    await using backend = await openWasmBackend(bare);
    await eventually(async () => !isAlive(identity) || undefined);
    expect(await backend.list()).toEqual([]);
    expect(readdirSync(join(bare.directory, "boxes"))).toEqual([]);
  });
});

/** What an escape from the shell or from Python amounts to: code of JavaScript's in the box's process. */
const escape = `
const process = (() => {}).constructor("return process")();
const fs = process.getBuiltinModule("fs"), net = process.getBuiltinModule("net"), child = process.getBuiltinModule("child_process");
const [secret, port, program] = process.argv.slice(1);
const tried = async (what, work) => { try { return [what, await work()]; } catch (thrown) { return [what, "refused"]; } };
const connect = () => new Promise((resolve, reject) => net.connect(Number(port), "127.0.0.1", () => resolve("done")).once("error", reject));
console.log(JSON.stringify(Object.fromEntries(await Promise.all([
  tried("reads the host's files", () => fs.readFileSync(secret, "utf8")),
  tried("reads passwords", () => fs.readFileSync("/etc/shadow", "utf8")),
  tried("writes programs", () => (fs.appendFileSync(program, ""), "done")),
  tried("writes to the system", () => (fs.writeFileSync("/usr/lib/escaped", ""), "done")),
  tried("reaches the host's ports", connect),
  tried("has the host's environment", () => process.env.PATH ?? process.env.HOME ?? Promise.reject()),
  tried("sees the host's processes", () => fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).length > 20 ? "done" : Promise.reject()),
  tried("becomes root", () => (process.setuid(0), "done")),
  tried("mounts", () => (child.execFileSync("mount", ["-t", "tmpfs", "none", "/workspace"], { stdio: "ignore" }), "done")),
]))));
process.exit();
`;

/** Listens on the host. */
async function withPort<T>(work: (port: number) => Promise<T>): Promise<T> {
  const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await work((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

const escapeWords = (port: number) => ["--input-type=module", "-e", escape, secret, String(port), boxProgram()];

describe("what gets out of a box", () => {
  it("can do what its owner can where there is no bubblewrap", async () => {
    const done = await withPort(async (port) => {
      const child = spawn(process.execPath, escapeWords(port), { stdio: ["ignore", "pipe", "inherit"], env: {} });
      return JSON.parse(await text(child.stdout)) as object;
    });
    expect(done).toMatchObject({
      "reads the host's files": "the host's",
      "reaches the host's ports": "done",
      "writes programs": "done",
    });
  });
});

describeWithBubblewrap("what gets out of a box behind walls", () => {
  it("reaches nothing of the host's", async () => {
    const walls = await openWasmWalls(undefined, boxProgram());
    const walled = await walls.openBox("wasm-escape-test", baseSandboxType.limits, undefined);
    try {
      const said = await withPort(async (port) => {
        const child = walled.box.spawn("/opt/node/bin/node", escapeWords(port), {
          env: {},
          stdio: ["pipe", "pipe", "pipe", "pipe"],
        });
        const [stdout, stderr] = await Promise.all(
          [child.stdout, child.stderr].map(async (it) => text(it as Readable)),
        );
        return [stdout, stderr];
      });
      const done = JSON.parse(said[0] || `"${said[1]}"`) as Record<string, string>;
      expect(Object.keys(done)).toHaveLength(9);
      expect(Object.entries(done).filter(([, result]) => result !== "refused")).toEqual([]);
    } finally {
      await walled.close(false);
    }
  });

  it("is told as no isolation all the same, and that there are walls", async () => {
    const said: [object, string][] = [];
    const logger = { ...silentLogger, warn: (fields: object, message: string) => void said.push([fields, message]) };
    await using backend = await openWasmBackend({ directory: bare.directory, logger });
    expect(said).toEqual([
      [
        { backend: "wasm", isolation: "none", bubblewrap: true },
        expect.stringContaining("inside bubblewrap") as string,
      ],
    ]);
    expect((await backend.abilities()).isolation).toBe("none");
    await using sandbox = await backend.create(spec);
    await sandbox.files.write("in.txt", "from outside");
    const cell = await sandbox.runIpythonCell("open('out.txt', 'w').write(open('in.txt').read().upper())");
    expect(cell.isError).toBe(false);
    expect((await sandbox.runShellCommand("cat out.txt")).stdout).toBe("FROM OUTSIDE");
  });
});
