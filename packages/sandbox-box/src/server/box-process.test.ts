import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { openBox, toBoxEnvironment } from "@agentscope-runtime/sandbox/box";
import type { BoxSettingsInput } from "@agentscope-runtime/sandbox/box";

/** The server, as a process of its own with nothing but the environment it is given. */
async function startBox(settings: BoxSettingsInput = {}) {
  const directory = await mkdtemp(join(tmpdir(), "box-process-"));
  const socketPath = join(directory, "box.sock");
  const environment = toBoxEnvironment({
    listen: { socketPath },
    workspace: join(directory, "workspace"),
    history: join(directory, "history"),
    egress: { socketPath: join(directory, "proxy.sock"), port: 0 },
    ...settings,
  });
  const main = join(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, ["--conditions=@agentscope-runtime/source", main], {
    env: { PATH: "/usr/bin:/bin", HOME: directory, GREETING: "hello", ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  return {
    child,
    directory,
    socketPath,
    exited,
    open: async () => openBox({ id: "box", type: "base", transport: { socketPath } }),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await exited;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

it("serves a sandbox on its socket, with the environment that is not its own", async () => {
  await using started = await startBox();
  await using box = await started.open();
  const { stdout } = await box.runShellCommand("echo $GREETING; env | grep -c AGENTSCOPE_BOX");
  expect(stdout).toBe("hello\n0\n");
});

it("takes its processes along when it is asked to end", async () => {
  await using started = await startBox();
  await using box = await started.open();
  const { stdout } = await box.runShellCommand("setsid sleep 60 >/dev/null 2>&1 & echo $!");
  started.child.kill("SIGTERM");
  expect(await started.exited).toEqual([0, null]);
  // Dead, whether it is buried or not: that is for whoever inherited it.
  const stat = await readFile(`/proc/${stdout.trim()}/stat`, "utf8").catch(() => "gone) X");
  expect(stat.slice(stat.lastIndexOf(")") + 2)).toMatch(/^[ZX]/);
});

it("says why it could not begin", async () => {
  await using started = await startBox({ mcpServers: { broken: { command: "/bin/false" } } });
  await expect(started.open()).rejects.toMatchObject({
    code: "unavailable",
    message: expect.stringMatching(/could not begin: .*broken/) as string,
  });
});

it("starts the MCP servers it is told of, before it is ready", async () => {
  const server = String.raw`
import json, sys
for line in sys.stdin:
    m = json.loads(line)
    answer = {"initialize": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "t", "version": "1"}},
              "tools/list": {"tools": [{"name": "shout", "inputSchema": {"type": "object"}}]}}.get(m.get("method"))
    if answer: print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": answer}), flush=True)
`;
  await using started = await startBox({ mcpServers: { tiny: { command: "python3", args: ["-c", server] } } });
  await using box = await started.open();
  expect((await box.listTools()).map((tool) => `${tool.server}.${tool.name}`)).toContain("tiny.shout");
});

it("makes the proxy outside a port inside", async () => {
  const port = 20_000 + (process.pid % 10_000);
  await using started = await startBox();
  const proxyPath = join(started.directory, "out.sock");
  const proxy = createServer((socket) => socket.end("through"));
  await new Promise<void>((resolve) => proxy.listen(proxyPath, resolve));
  await using forwarding = await startBox({ egress: { socketPath: proxyPath, port } });
  await using _ = await forwarding.open();
  expect(await text(connect(port, "127.0.0.1"))).toBe("through");
  proxy.close();
});

it("refuses settings that make no sense, and names the field", () => {
  for (const [field, wrong] of Object.entries({
    token: { listen: { port: 80, token: "short" } },
    workspace: { workspace: "relative" },
    width: { screen: { width: 1, height: 800 } },
  })) {
    expect(() => toBoxEnvironment(wrong)).toThrow(field);
  }
});
