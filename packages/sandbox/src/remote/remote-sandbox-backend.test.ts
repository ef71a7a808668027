import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { describeContract, eventually } from "@agentscope-runtime/services/testing";
import { baseSandboxType, RemoteSandboxBackend, SandboxHost, sandboxHostRoutes } from "../index.ts";
import type { SandboxHostOptions } from "../index.ts";
import { FolderEngine } from "../testing/folder-engine.ts";
import { sandboxBackendContract, sandboxContract } from "../testing/index.ts";
import type { BackendSubject } from "../testing/index.ts";

const linkSecret = "a secret of more than 32 characters";

interface Manager extends AsyncDisposable {
  readonly url: string;
  readonly engine: FolderEngine;
}

/** A manager on a port of its own, over folders, for two users. */
async function openManager(options: Partial<SandboxHostOptions> = {}): Promise<Manager> {
  const directory = await mkdtemp(join(tmpdir(), "sandbox-host-"));
  const engine = new FolderEngine(directory);
  const backend = engine.backend();
  const host = await SandboxHost.open({ backend, types: [baseSandboxType], allowUnisolated: true, ...options });
  const app = new AgentApp({
    agents: {},
    authenticate: apiKeys({ "ada-key": { userId: "ada" }, "bob-key": { userId: "bob" } }),
    ...sandboxHostRoutes({ host, linkSecret }),
  });
  const server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  return {
    url: server.url,
    engine,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
      await backend[Symbol.asyncDispose]();
      await engine[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

/** Disposes the manager with what is there. */
async function subject(): Promise<BackendSubject> {
  const manager = await openManager();
  const backend = new RemoteSandboxBackend({ url: manager.url, token: "ada-key" });
  const dispose = async (): Promise<void> => {
    await backend[Symbol.asyncDispose]();
    await manager[Symbol.asyncDispose]();
  };
  return { backend, spec: { type: baseSandboxType }, [Symbol.asyncDispose]: dispose };
}

describe("with a manager for each", () => {
  let opened: BackendSubject | undefined;
  afterEach(async () => {
    await opened?.[Symbol.asyncDispose]();
  });

  describeContract("A sandbox at a remote manager", sandboxContract, {
    create: async () => {
      opened = await subject();
      return opened.backend.create(opened.spec);
    },
  });
});

describeContract("RemoteSandboxBackend", sandboxBackendContract, { create: subject });

describe("a manager", () => {
  it("shows nobody another's sandboxes", async () => {
    await using manager = await openManager();
    await using adas = new RemoteSandboxBackend({ url: manager.url, token: "ada-key" });
    await using bobs = new RemoteSandboxBackend({ url: manager.url, token: "bob-key" });
    const sandbox = await adas.create({ type: baseSandboxType });
    expect(await bobs.list()).toEqual([]);
    await expect(bobs.attach(sandbox.id)).rejects.toMatchObject({ code: "not_found" });
    for (const [method, path] of [
      ["GET", ""],
      ["POST", "/pause"],
      ["POST", "/snapshots"],
      ["POST", "/links"],
      ["GET", "/box/tools"],
      ["GET", "/box/files?path=x"],
      ["GET", "/end"],
    ] as const) {
      const headers = { authorization: "Bearer bob-key", "content-type": "application/json" };
      const body = method === "GET" ? null : JSON.stringify({ port: 80 });
      const answer = await fetch(`${manager.url}/sandboxes/${sandbox.id}${path}`, { method, headers, body });
      expect([path, answer.status]).toEqual([path, 404]);
    }
    await fetch(`${manager.url}/sandboxes/${sandbox.id}`, {
      method: "DELETE",
      headers: { authorization: "Bearer bob-key" },
    });
    expect((await sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
  });

  it("lets nobody in without a key, and nobody make what is not registered", async () => {
    await using manager = await openManager();
    expect((await fetch(`${manager.url}/sandboxes`)).status).toBe(401);
    await using backend = new RemoteSandboxBackend({ url: manager.url, token: "ada-key" });
    const gpu = { ...baseSandboxType, name: "gpu" };
    await expect(backend.create({ type: gpu })).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("there are: base") as string,
    });
  });

  it("makes nothing for a second owner where nothing isolates the two", async () => {
    await using manager = await openManager({ allowUnisolated: false });
    await using adas = new RemoteSandboxBackend({ url: manager.url, token: "ada-key" });
    await using bobs = new RemoteSandboxBackend({ url: manager.url, token: "bob-key" });
    await adas.create({ type: baseSandboxType });
    await expect(bobs.create({ type: baseSandboxType })).rejects.toMatchObject({
      code: "permission_denied",
      message: expect.stringContaining("allowUnisolated") as string,
    });
    expect(manager.engine.made).toBe(1);
  });

  it("bounds how many an owner has", async () => {
    await using manager = await openManager({ limits: { perUser: 1 } });
    await using backend = new RemoteSandboxBackend({ url: manager.url, token: "ada-key" });
    const first = await backend.create({ type: baseSandboxType });
    await expect(backend.create({ type: baseSandboxType })).rejects.toMatchObject({ code: "resource_exhausted" });
    await first[Symbol.asyncDispose]();
    await backend.create({ type: baseSandboxType });
  });

  it("tells why a sandbox has ended, also to a call that is under way", async () => {
    await using manager = await openManager();
    await using backend = new RemoteSandboxBackend({ url: manager.url, token: "ada-key" });
    const sandbox = await backend.create({ type: baseSandboxType });
    const running = sandbox.runShellCommand("sleep 30").catch((thrown: unknown) => thrown);
    await manager.engine.kill(sandbox.id, { reason: "out_of_memory", message: "It used up its 512 MiB." });
    expect(await sandbox.ended).toEqual({ reason: "out_of_memory", message: "It used up its 512 MiB." });
    expect(await running).toMatchObject({ code: "not_found" });
    await expect(sandbox.files.list(".")).rejects.toThrow("It used up its 512 MiB.");
  });

  it("pauses what nobody uses, and wakes it for the next call", async () => {
    await using manager = await openManager({ times: { idlePauseMs: 50 } });
    await using backend = new RemoteSandboxBackend({ url: manager.url, token: "ada-key" });
    const sandbox = await backend.create({ type: baseSandboxType });
    await eventually(async () => (await backend.list()).some(({ state }) => state === "paused"));
    expect((await sandbox.runShellCommand("echo on")).stdout).toBe("on\n");
  });
});

describe("a link", () => {
  /** A server in the sandbox that says what it was asked, and a link that opens it. */
  async function linked(manager: Manager, ttlMs?: number) {
    const backend = new RemoteSandboxBackend({ url: manager.url, token: "ada-key" });
    const sandbox = await backend.create({ type: baseSandboxType });
    await sandbox.files.write("page/a b.txt", "found");
    await sandbox.runShellCommand("cd page; python3 -m http.server --bind 127.0.0.1 8131 >/dev/null 2>&1 &");
    await eventually(async () => {
      const connection = await sandbox.connect(8131).catch(() => undefined);
      connection?.destroy();
      return connection !== undefined;
    });
    const answer = await fetch(`${manager.url}/sandboxes/${sandbox.id}/links`, {
      method: "POST",
      headers: { authorization: "Bearer ada-key", "content-type": "application/json" },
      body: JSON.stringify({ port: 8131, ttlMs }),
    });
    const { path } = (await answer.json()) as { path: string };
    return { url: `${manager.url}${path}`, sandbox, [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose]() };
  }

  it("opens a port of a sandbox to whoever has it, and keeps credentials out", async () => {
    await using manager = await openManager();
    await using link = await linked(manager);
    const found = await fetch(`${link.url}a%20b.txt`, { headers: { cookie: "a=b", authorization: "Bearer ada-key" } });
    expect([found.status, await found.text()]).toEqual([200, "found"]);
    expect((await fetch(`${link.url}none`)).status).toBe(404);
    expect((await fetch(link.url)).headers.get("content-type")).toContain("text/html");
    await link.sandbox[Symbol.asyncDispose]();
    expect((await fetch(`${link.url}a%20b.txt`)).status).toBe(404);
  });

  it("opens nothing when it was changed, or when its time is over", async () => {
    await using manager = await openManager();
    await using link = await linked(manager, 1);
    expect((await fetch(link.url)).status).toBe(404);
    const token = link.url.split("/").at(-2) ?? "";
    const forged = Buffer.from(JSON.stringify(["ada", link.sandbox.id, 8131, Date.now() + 60_000])).toString(
      "base64url",
    );
    for (const wrong of [`${forged}.${token.split(".")[1]}`, "x", `${token}x`, "."]) {
      expect((await fetch(`${manager.url}/links/${wrong}/`)).status).toBe(404);
    }
  });

  it("opens a WebSocket of a sandbox, both ways", async () => {
    await using manager = await openManager();
    await using link = await linked(manager);
    await link.sandbox.files.write("echo-socket.py", echoSocket);
    await link.sandbox.runShellCommand("python3 echo-socket.py >/dev/null 2>&1 &");
    const answer = await fetch(`${manager.url}/sandboxes/${link.sandbox.id}/links`, {
      method: "POST",
      headers: { authorization: "Bearer ada-key", "content-type": "application/json" },
      body: JSON.stringify({ port: 8132 }),
    });
    const { path } = (await answer.json()) as { path: string };
    const url = `${manager.url.replace("http", "ws")}${path}socket?x=1`;
    const said = await eventually(async () => {
      const socket = new WebSocket(url);
      const { promise, resolve } = Promise.withResolvers<string | undefined>();
      socket.addEventListener("open", () => {
        socket.send("hé");
      });
      socket.addEventListener("message", ({ data }) => {
        resolve(String(data));
      });
      socket.addEventListener("error", () => {
        resolve(undefined); // It is not there yet.
      });
      const heard = await promise;
      socket.close();
      return heard;
    });
    expect(said).toBe("/socket?x=1 hé");
  });
});

/** A WebSocket server in plain Python: says the path and what it hears, once. */
const echoSocket = `
import base64, hashlib, socket
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("127.0.0.1", 8132)); s.listen()
while True:
    c, _ = s.accept()
    head = b""
    while b"\\r\\n\\r\\n" not in head: head += c.recv(4096)
    lines = head.decode().split("\\r\\n")
    key = next(l.split(": ", 1)[1] for l in lines if l.lower().startswith("sec-websocket-key"))
    accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()).decode()
    c.sendall(("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: %s\\r\\n\\r\\n" % accept).encode())
    f = c.recv(4096); n = f[1] & 127; mask = f[2:6]; text = bytes(b ^ mask[i % 4] for i, b in enumerate(f[6:6 + n]))
    out = lines[0].split(" ")[1].encode() + b" " + text
    c.sendall(bytes([0x81, len(out)]) + out)
    c.recv(4096); c.close()
`;
