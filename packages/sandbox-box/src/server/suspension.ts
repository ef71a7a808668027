import { once } from "node:events";
import { rm, stat } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** What lets a suspended server go on: a file of this name beside its socket. */
const resumeFile = "resume";
const suspendPath = "/suspend";

/** Nobody tells when a file appears that another kernel has made. */
const pauseMs = 10;
/** Whoever asked has died: go on all the same. */
const mostMs = 60_000;

/**
 * Lets go of everything that a snapshot of the memory cannot hold, which is the socket and whoever is connected to it, until the
 * snapshot has been taken. What begins from the snapshot finds itself here, and goes on in the same way.
 */
export class Suspension {
  readonly #server: Server;
  readonly #socketPath: string;
  #calls = 0;

  constructor(server: Server, socketPath: string) {
    this.#server = server;
    this.#socketPath = socketPath;
    server.on("request", (_request, response: ServerResponse) => {
      this.#count(response);
    });
    server.on("upgrade", (_request, socket: NodeJS.EventEmitter) => {
      this.#count(socket);
    });
  }

  /** Answers a request to suspend; false when it asks for something else. */
  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (request.method !== "POST" || request.url !== suspendPath) return false;
    // This call is one of them.
    if (this.#calls > 1) {
      const message = "Something runs in the sandbox: take a snapshot of its memory when nothing does.";
      response.writeHead(409, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { code: "conflict", message, details: {} } }));
      return true;
    }
    response.writeHead(204, { connection: "close" }).end(() => void this.#suspend());
    return true;
  }

  #count(call: NodeJS.EventEmitter): void {
    this.#calls += 1;
    call.once("close", () => (this.#calls -= 1));
  }

  async #suspend(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    const file = join(dirname(this.#socketPath), resumeFile);
    const deadline = performance.now() + mostMs;
    while (performance.now() < deadline && !(await isThere(file))) await sleep(pauseMs);
    await rm(file, { force: true });
    await rm(this.#socketPath, { force: true });
    this.#server.listen({ path: this.#socketPath, readableAll: true, writableAll: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
