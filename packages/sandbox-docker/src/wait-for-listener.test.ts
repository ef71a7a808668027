import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitForListener } from "./wait-for-listener.ts";
import { waitForSocket } from "./wait-for-socket.ts";

/** A server that has bound its socket, and listens when it is told to. */
const program = `
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
print("bound", flush=True)
sys.stdin.readline()
server.listen()
sys.stdin.readline()
`;

it("A socket that has its name already is waited for until somebody listens on it", async () => {
  const directory = await mkdtemp(join(tmpdir(), "listener-test-"));
  const path = join(directory, "box.sock");
  const server = spawn("python3", ["-c", program, path], { stdio: ["pipe", "pipe", "inherit"] });
  try {
    await once(server.stdout, "data");
    const { signal } = new AbortController();
    await waitForSocket(directory, "box.sock", signal);
    let listens = false;
    const waiting = waitForListener(path, signal).then(() => (listens = true));
    await expect(waitForListener(path, AbortSignal.timeout(50))).rejects.toMatchObject({ name: "AbortError" });
    expect(listens).toBe(false);
    server.stdin.write("\n");
    await waiting;
  } finally {
    server.stdin.end("\n");
    if (server.exitCode === null) await once(server, "exit");
    await rm(directory, { recursive: true });
  }
});
