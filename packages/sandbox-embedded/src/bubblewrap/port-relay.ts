import { closeSync, constants, fstatSync, openSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Spawn, SpawnedProcess } from "@agentscope-runtime/sandbox/local";
import type { CallOptions } from "@agentscope-runtime/services";
import { boxPaths } from "./bwrap-arguments.ts";

/** Linux has it, Node does not name it: a descriptor of what is there, without opening it. */
const O_PATH = 0o10_000_000;

/**
 * Runs in the box, since only there its loopback can be reached: takes connections on a socket that has a name, and leads each to
 * the port that its first line names.
 */
const relay = `
import os, socket, sys, threading

def pump(source, target):
    try:
        while True:
            data = source.recv(262144)
            if not data:
                break
            target.sendall(data)
    except OSError:
        pass
    for end, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
        try:
            end.shutdown(how)
        except OSError:
            pass

def serve(client):
    port = b""
    while not port.endswith(b"\\n") and len(port) < 8:
        piece = client.recv(1)
        if not piece:
            return
        port += piece
    for host in ("127.0.0.1", "::1"):
        try:
            server = socket.create_connection((host, int(port)))
            break
        except OSError:
            continue
    else:
        client.sendall(b"-")
        client.close()
        return
    server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(b"+")
    back = threading.Thread(target=pump, args=(server, client), daemon=True)
    back.start()
    pump(client, server)
    back.join()
    client.close()
    server.close()

path = sys.argv[1]
try:
    os.unlink(path)
except OSError:
    pass
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(64)
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    threading.Thread(target=serve, args=(client,), daemon=True).start()
`;

/** Connections to the ports of a box. Its helper inside begins with the first, and again when it was killed. */
export class PortRelay {
  readonly #spawn: Spawn;
  readonly #runDirectory: string;
  #helper: Promise<SpawnedProcess> | undefined;

  /** @param runDirectory - the box's, as this side sees it */
  constructor(spawn: Spawn, runDirectory: string) {
    this.#spawn = spawn;
    this.#runDirectory = runDirectory;
  }

  async connect(port: number, { signal }: CallOptions = {}): Promise<Socket> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      const message = "Invalid port: give a whole number from 1 to 65535.";
      throw new RuntimeError("invalid_argument", message, { details: { field: "port" } });
    }
    this.#helper ??= this.#start();
    await this.#helper;
    signal?.throwIfAborted();
    const socket = await openSocket(`${this.#runDirectory}/relay`);
    try {
      if (await askFor(port, socket, signal)) return socket;
    } catch (thrown) {
      socket.destroy();
      throw thrown;
    }
    socket.destroy();
    throw new RuntimeError(
      "unavailable",
      `Nothing listens on port ${port} of the sandbox: start a server there first.`,
    );
  }

  async #start(): Promise<SpawnedProcess> {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const helper = this.#spawn("python3", ["-I", "-S", "-c", relay, `${boxPaths.run}/relay`], {
      env: { PATH: "/usr/local/bin:/usr/bin:/bin" },
      stdio: ["ignore", "pipe", "pipe", "pipe"],
    });
    helper.once("exit", () => {
      this.#helper = undefined;
      reject(
        new RuntimeError("unimplemented", "connect: bubblewrap sandboxes need the host's python3 for it. Install it."),
      );
    });
    helper.stderr?.resume();
    (helper.stdio[3] as Readable | undefined)?.resume(); // It is asked for as a pipe.
    helper.stdout?.once("data", resolve);
    await promise;
    return helper;
  }
}

/** Resolves with whether something listens there. */
async function askFor(port: number, socket: Socket, signal: AbortSignal | undefined): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const onAbort = (): void => {
    reject(signal?.reason);
  };
  const onEnd = (): void => {
    resolve(false);
  };
  const onReadable = (): void => {
    const answer = socket.read(1) as Buffer | null; // Bytes, since it has no encoding.
    if (answer !== null) resolve(answer.toString() === "+");
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  socket.on("readable", onReadable).once("close", onEnd).once("error", reject);
  socket.write(`${port}\n`);
  try {
    return await promise;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    socket.off("readable", onReadable).off("close", onEnd).off("error", reject);
  }
}

/** What runs inside could have put a link there to a socket of the host: only a socket in that very directory is taken. */
async function openSocket(path: string): Promise<Socket> {
  const descriptor = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    if (!fstatSync(descriptor).isSocket()) throw new RuntimeError("unavailable", "The sandbox's relay is gone.");
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const socket = connect({ path: `/proc/self/fd/${descriptor}`, allowHalfOpen: true });
    socket.once("connect", resolve).once("error", reject);
    await promise;
    socket.off("error", reject);
    return socket;
  } finally {
    closeSync(descriptor);
  }
}
