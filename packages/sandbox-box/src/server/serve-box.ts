import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { errorReply } from "@agentscope-runtime/core";
import type { HttpHandler, UpgradeHandler } from "@agentscope-runtime/core";
import { toExpress, toUpgradeListener } from "@agentscope-runtime/express";
import { Suspension } from "./suspension.ts";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { boxHandler, boxUpgrade } from "@agentscope-runtime/sandbox/box";
import type { Sandbox } from "@agentscope-runtime/sandbox";
import type { BoxSettings } from "@agentscope-runtime/sandbox/box";

/** Who may connect to its socket is decided by the folder that it is in. */
const reachable = { readableAll: true, writableAll: true };

export interface ServedBox extends AsyncDisposable {
  /** 0 for a unix socket. */
  readonly port: number;
}

/**
 * Serves a sandbox that may still be on its way: who calls before it is ready waits, and who calls a box that could not begin is
 * told why.
 */
export async function serveBox(opening: Promise<Sandbox>, listen: BoxSettings["listen"]): Promise<ServedBox> {
  const door = "token" in listen ? { token: listen.token } : {};
  const ready = opening.then(
    (sandbox) => ({ handle: boxHandler(sandbox, door), upgrade: boxUpgrade(sandbox, door) }),
    (thrown: unknown) => refuseAll(thrown),
  );
  const server = createServer({
    // Output may stream for hours, and input too.
    requestTimeout: 0,
    keepAliveTimeout: 0,
    noDelay: true,
  });
  const suspension = "socketPath" in listen ? new Suspension(server, listen.socketPath) : undefined;
  const answer = toExpress(async (request) => (await ready).handle(request));
  server.on("request", (request, response) => {
    if (suspension?.answer(request, response) === true) return;
    // Nothing of Express is asked for.
    answer(request as Parameters<typeof answer>[0], response as Parameters<typeof answer>[1], () => {
      response.writeHead(404).end();
    });
  });
  server.on(
    "upgrade",
    toUpgradeListener(async (request) => (await ready).upgrade(request)),
  );
  if ("socketPath" in listen) await rm(listen.socketPath, { force: true });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once("error", reject);
  const listening = (): void => {
    resolve(undefined);
  };
  if ("socketPath" in listen) server.listen({ path: listen.socketPath, ...reachable }, listening);
  else server.listen(listen.port, listen.host, listening);
  await promise;
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? (address satisfies AddressInfo).port : 0,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

function refuseAll(thrown: unknown): { readonly handle: HttpHandler; readonly upgrade: UpgradeHandler } {
  const reason = RuntimeError.is(thrown) ? thrown.message : String(thrown);
  const error = new RuntimeError("unavailable", `The box could not begin: ${reason}`);
  return { handle: async () => errorReply(error), upgrade: async () => errorReply(error) };
}
