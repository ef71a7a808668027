import { createServer } from "node:http";
import type { RequestListener, Server as NodeServer, ServerOptions } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { errorReply } from "@agentscope-runtime/core";
import type { AgentApp } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { answerRequest } from "./answer-request.ts";
import { OpenAnswers } from "./open-answers.ts";
import { sendReply } from "./send-reply.ts";
import { defaultKeepAliveMs } from "./to-express.ts";
import type { ToExpressOptions } from "./to-express.ts";
import { isWebSocketRequest, toUpgradeListener } from "./to-upgrade-listener.ts";

export interface ServeOptions extends ToExpressOptions {
  /** 0 takes any free port. Default 8090. */
  readonly port?: number;
  /** Default "127.0.0.1": only this machine. In a container, "0.0.0.0". */
  readonly host?: string;
  /** How long runs may go on after SIGTERM, in milliseconds. Default 25,000: less than an orchestrator's usual 30 s. */
  readonly drainMs?: number;
  /**
   * Close on SIGTERM, which lets runs finish, and on SIGINT, which ends them; a second signal kills the process.
   * Default true.
   */
  readonly closeOnSignals?: boolean;
}

export interface Server extends AsyncDisposable {
  /** Such as `http://127.0.0.1:8090`. */
  readonly url: string;
  readonly port: number;
  /** Resolves when the server has closed, whatever closed it. */
  readonly closed: Promise<void>;
  /** Stops new runs, lets those under way finish for `drainMs`, then closes the app and the port. */
  close(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * Node hands every request with an Upgrade header to a server that has a listener, unless it is told which. It is told from
 * Node 22.21 and 24.9 on, and the types are older.
 */
const serverOptions = { shouldUpgradeCallback: isWebSocketRequest } as ServerOptions;

/** How long a reader may take to read what was sent before the end. */
const lastReadMs = 2_000;

/**
 * Starts an app and serves it on a port of its own.
 *
 * @example
 * ```ts
 * await using server = await serve(app, { port: 8090 });
 * await server.closed;
 * ```
 */
export async function serve(app: AgentApp, options: ServeOptions = {}): Promise<Server> {
  const { port = 8090, host = "127.0.0.1", drainMs = 25_000, closeOnSignals = true } = options;
  const { keepAliveMs = defaultKeepAliveMs } = options;
  await app.start();
  const answers = new OpenAnswers(keepAliveMs);
  const server = createServer(serverOptions, listenerOf(app, answers));
  server.on("upgrade", toUpgradeListener(app.upgrade, { keepAliveMs }));
  try {
    await listen(server, port, host);
  } catch (thrown) {
    await app.close({ drainMs: 0 });
    throw thrown;
  }
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  let closing: Promise<void> | undefined;
  const close = async (budget: number): Promise<void> => {
    closing ??= (async () => {
      process.off("SIGTERM", onTerminate);
      process.off("SIGINT", onInterrupt);
      try {
        // The port stays open meanwhile, so that probes see «not ready» and not a refused connection.
        await app.close({ drainMs: budget });
      } finally {
        await closePort(server, answers);
        resolve(undefined);
      }
    })();
    await closing;
  };
  const onTerminate = (): void => void close(drainMs);
  const onInterrupt = (): void => void close(0);
  if (closeOnSignals) {
    process.on("SIGTERM", onTerminate);
    process.on("SIGINT", onInterrupt);
  }
  const address = server.address() as AddressInfo; // A string only for a pipe, null only before listening.
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`,
    port: address.port,
    closed,
    close: async ({ drainMs: budget = drainMs } = {}) => close(budget),
    [Symbol.asyncDispose]: async () => close(drainMs),
  };
}

/** Without Express, which has nothing to do where the app is alone. */
function listenerOf(app: AgentApp, answers: OpenAnswers): RequestListener {
  return (request, response) => {
    void answerRequest(app.handle, { request, response }, answers).then(async (isAnswered) => {
      if (isAnswered) return;
      const [path] = (request.url ?? "").split("?");
      const error = new RuntimeError("not_found", `Nothing is at ${path}.`, { details: { field: "path" } });
      await sendReply(errorReply(error), response, answers);
    });
  };
}

async function listen(server: NodeServer, port: number, host: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once("error", reject);
  server.listen(port, host, () => {
    server.off("error", reject);
    resolve(undefined);
  });
  try {
    await promise;
  } catch (thrown) {
    throw listenError(thrown, port, host);
  }
}

function listenError(thrown: unknown, port: number, host: string): unknown {
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
  if (code !== "EADDRINUSE") return thrown;
  const message = `Port ${port} of ${host} is taken: stop what listens there, or choose another port.`;
  return new RuntimeError("unavailable", message, { cause: thrown });
}

/** Ends when the last answer is sent, or soon after: not every connection that is open has a request. */
async function closePort(server: NodeServer, answers: OpenAnswers): Promise<void> {
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  server.close(() => {
    resolve(undefined);
  });
  const waiting = new AbortController();
  await Promise.race([
    answers.allSent(),
    sleep(lastReadMs, undefined, { signal: waiting.signal }).catch(() => undefined),
  ]);
  waiting.abort();
  server.closeAllConnections();
  await closed;
}
