import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, Logger, SocketRoute } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import express from "express";
import { WebSocket } from "ws";
import { serve } from "./serve.ts";
import type { Server } from "./serve.ts";
import { toExpress } from "./to-express.ts";
import { toUpgradeListener } from "./to-upgrade-listener.ts";

const echo: SocketRoute = {
  path: "/echo/:name",
  async handle(socket, { params, identity }) {
    for await (const message of socket.messages) {
      if (message === "bye") return;
      const who = identity?.userId ?? params["name"] ?? "";
      await socket.send(typeof message === "string" ? `${who}: ${message}` : message);
    }
  },
};

function appWith(route: Partial<SocketRoute>, options: Partial<AgentAppOptions> = {}): AgentApp {
  return new AgentApp({ query: () => "hi", sockets: [{ ...echo, ...route }], ...options });
}

async function serving(route: Partial<SocketRoute> = {}, options: Partial<AgentAppOptions> = {}): Promise<Server> {
  return serve(appWith(route, options), { port: 0, closeOnSignals: false, drainMs: 100 });
}

function connect({ url }: Pick<Server, "url">, headers: Readonly<Record<string, string>> = {}): WebSocket {
  return new WebSocket(`${url.replace("http", "ws")}/echo/ada`, { headers });
}

async function opened(server: Pick<Server, "url">, headers?: Readonly<Record<string, string>>): Promise<WebSocket> {
  const socket = connect(server, headers);
  await once(socket, "open");
  return socket;
}

/** The next message, as text. */
async function heard(socket: WebSocket): Promise<string> {
  const [data] = (await once(socket, "message")) as [Buffer];
  return data.toString();
}

async function closing(socket: WebSocket): Promise<readonly [number, string]> {
  const [code, reason] = (await once(socket, "close")) as [number, Buffer];
  return [code, reason.toString()];
}

async function refusal(socket: WebSocket): Promise<{ status: number | undefined; body: string }> {
  const [, answer] = (await once(socket, "unexpected-response")) as [unknown, IncomingMessage];
  const chunks = (await answer.toArray()) as Buffer[];
  return { status: answer.statusCode, body: Buffer.concat(chunks).toString() };
}

describe("The sockets of an app", () => {
  it("take and send texts and bytes, in order", async () => {
    await using server = await serving();
    const socket = await opened(server);
    const received: string[] = [];
    const all = Promise.withResolvers<undefined>();
    socket.on("message", (data: Buffer, isBinary) => {
      received.push(isBinary ? data.toString("hex") : data.toString());
      if (received.length === 3) all.resolve(undefined);
    });
    socket.send("one");
    socket.send(Buffer.from([1, 2]));
    socket.send("日本語 👩🏽‍🚀");
    await all.promise;
    expect(received).toEqual(["ada: one", "0102", "ada: 日本語 👩🏽‍🚀"]);
    socket.close();
  });

  it("close when the route has nothing more to say", async () => {
    await using server = await serving();
    const socket = await opened(server);
    socket.send("bye");
    expect(await closing(socket)).toEqual([1000, ""]);
  });

  it("are there for any client, also Node's own", async () => {
    await using server = await serving();
    const socket = new globalThis.WebSocket(`${server.url.replace("http", "ws")}/echo/bob`);
    await once(socket, "open");
    socket.send("hi");
    const [event] = (await once(socket, "message")) as [MessageEvent];
    expect(event.data).toBe("bob: hi");
    socket.close();
    await once(socket, "close");
  });

  it("are refused without authentication, and know who has connected", async () => {
    await using server = await serving({}, { authenticate: apiKeys({ key: { userId: "eve" } }) });
    expect(await refusal(connect(server))).toMatchObject({
      status: 401,
      body: expect.stringContaining('"unauthenticated"'),
    });
    const socket = await opened(server, { authorization: "Bearer key" });
    socket.send("me");
    expect(await heard(socket)).toBe("eve: me");
    socket.close();
  });

  it("are refused where what they need cannot be had, and talk with it where it can", async () => {
    await using server = await serving({
      open: async ({ query }) => {
        const name = query.get("name");
        if (name === null) throw new RuntimeError("unavailable", "Nobody is there.");
        return async (socket) => socket.send(`${name} is there`);
      },
    });
    expect(await refusal(connect(server))).toMatchObject({
      status: 503,
      body: expect.stringContaining("Nobody is there.") as string,
    });
    expect(await heard(new WebSocket(`${server.url.replace("http", "ws")}/echo/ada?name=Bob`))).toBe("Bob is there");
  });

  it("refuse in the words of their protocol", async () => {
    const errorReply = (error: RuntimeError) => ({ status: 418, body: { json: { no: error.code } } });
    await using server = await serving({ errorReply }, { authenticate: () => undefined });
    expect(await refusal(connect(server))).toEqual({ status: 418, body: '{"no":"unauthenticated"}' });
  });

  it("are closed to pages of other origins, but for those that the app names", async () => {
    await using server = await serving({}, { cors: { origins: ["https://chat.example.com"] } });
    const refused = await refusal(connect(server, { origin: "https://evil.example.com" }));
    expect(refused).toMatchObject({ status: 403, body: expect.stringContaining("evil.example.com") });
    for (const origin of ["https://chat.example.com", server.url]) {
      const socket = await opened(server, { origin });
      socket.close();
      await once(socket, "close");
    }
  });

  it("are nowhere else, and the other paths are not theirs", async () => {
    await using server = await serving();
    const elsewhere = new WebSocket(`${server.url.replace("http", "ws")}/process`);
    expect(await refusal(elsewhere)).toMatchObject({ status: 404, body: expect.stringContaining("/process") });
    expect((await fetch(`${server.url}/echo/ada`)).status).toBe(404);
  });

  it("leave requests alone that want another protocol", async () => {
    await using server = await serving();
    const headers = {
      connection: "Upgrade, HTTP2-Settings",
      upgrade: "h2c",
      "http2-settings": "AAMAAABkAAQAoAAAAAIAAAAA",
    };
    const asked = httpRequest(`${server.url}/health`, { headers }).end();
    const [answer] = (await once(asked, "response")) as [IncomingMessage];
    expect(answer.statusCode).toBe(200);
    answer.resume();
  });

  it("close at a message that is larger than the route takes", async () => {
    await using server = await serving({ maxMessageBytes: 1_000 });
    const socket = await opened(server);
    socket.send("x".repeat(1_001));
    expect((await closing(socket))[0]).toBe(1009);
    const next = await opened(server);
    next.send("x");
    expect(await heard(next)).toBe("ada: x");
    next.close();
  });

  it("are no more than the app allows", async () => {
    await using server = await serving({}, { limits: { maxSockets: 1 } });
    const first = await opened(server);
    expect((await refusal(connect(server))).status).toBe(429);
    first.close();
    await once(first, "close");
  });

  it("close when nobody says anything", async () => {
    await using server = await serving({ idleMs: 30 });
    expect(await closing(await opened(server))).toEqual([1001, "Nothing was said for 30 ms."]);
  });

  it("close when the other side is silent on the network", async () => {
    const over = Promise.withResolvers<undefined>();
    const app = appWith({
      handle: async ({ messages }) => {
        for await (const message of messages) expect(message).toBeUndefined();
        over.resolve(undefined);
      },
    });
    await using server = await serve(app, { port: 0, closeOnSignals: false, keepAliveMs: 20 });
    const socket = new WebSocket(`${server.url.replace("http", "ws")}/echo/ada`, { autoPong: false });
    const [end] = await Promise.all([closing(socket), over.promise]);
    expect(end[0]).toBe(1006);
  });

  it("tell the route when the other side hangs up, also while it does not read", async () => {
    const over = Promise.withResolvers<unknown>();
    await using server = await serving({
      handle: async (socket) => {
        socket.signal.addEventListener("abort", () => {
          over.resolve("over");
        });
        await over.promise;
        await socket.send("into the void");
      },
    });
    const socket = await opened(server);
    socket.terminate();
    expect(await over.promise).toBe("over");
  });

  it("wait for a reader who does not keep up", async () => {
    let sent = 0;
    const all = 400;
    const piece = "x".repeat(64 * 1024);
    await using server = await serving({
      handle: async (socket) => {
        for (; sent < all; sent += 1) await socket.send(piece);
      },
    });
    const socket = await opened(server);
    socket.pause();
    for (let answers = 0; answers < 20; answers += 1) await fetch(`${server.url}/health`);
    // By now it has filled the buffers on the way, and waits.
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(all);
    let received = 0;
    socket.on("message", () => (received += 1));
    socket.resume();
    expect((await closing(socket))[0]).toBe(1000);
    expect(received).toBe(all);
  });

  it("take no more than a little from a sender whom the route does not read", async () => {
    const read = Promise.withResolvers<undefined>();
    await using server = await serving({
      handle: async (socket) => {
        await read.promise;
        let count = 0;
        for await (const message of socket.messages) {
          if (message === "end") break;
          count += 1;
        }
        await socket.send(String(count));
      },
    });
    const socket = await opened(server);
    const stuck = new Promise<void>((resolve) => {
      const sendMore = (): void => {
        // When the network takes no more, the rest stays here.
        if (socket.bufferedAmount > 8 * 1024 * 1024) {
          resolve();
          return;
        }
        socket.send(Buffer.alloc(256 * 1024));
        setImmediate(sendMore);
      };
      sendMore();
    });
    await stuck;
    socket.send("end");
    read.resolve(undefined);
    expect(Number(await heard(socket))).toBeGreaterThan(32);
    await once(socket, "close");
  });

  it("say why a route has failed where a caller may know, and nothing of other failures", async () => {
    const logged: unknown[] = [];
    const logger = { error: (details: unknown) => logged.push(details) } as unknown as Logger; // Nothing else is logged.
    const failures = [new RuntimeError("invalid_argument", "Say please."), new Error("password is hunter2")];
    const handle = async (): Promise<void> => {
      await Promise.resolve();
      throw failures.shift() ?? new Error("There is no more.");
    };
    await using server = await serving({ handle }, { logger });
    expect(await closing(await opened(server))).toEqual([1008, "Say please."]);
    const [code, reason] = await closing(await opened(server));
    expect([code, reason]).toEqual([1011, expect.not.stringContaining("hunter2")]);
    expect(logged).toHaveLength(1);
  });

  it("may say the rest when the app drains, and are closed then", async () => {
    const server = await serving({
      handle: async (socket) => {
        for await (const message of socket.messages) await socket.send(message);
        await socket.send("the rest");
      },
    });
    const socket = await opened(server);
    const received: string[] = [];
    socket.on("message", (data: Buffer) => received.push(data.toString()));
    const [end] = await Promise.all([closing(socket), server.close()]);
    expect([received, end[0]]).toEqual([["the rest"], 1000]);
  });

  it("are closed with a route that does not come to an end", async () => {
    const never = Promise.withResolvers<undefined>();
    const server = await serving({ handle: async () => never.promise });
    const socket = await opened(server);
    const [end] = await Promise.all([closing(socket), server.close()]);
    expect(end).toEqual([1001, "The server is shutting down."]);
  });

  it("open below any path of a user's own server", async () => {
    await using app = appWith({});
    await app.start();
    const own = express().use("/agent", toExpress(app.handle));
    const server = createServer(own).on("upgrade", toUpgradeListener(app.upgrade, { path: "/agent" }));
    server.on("upgrade", (request, socket) => {
      if (request.url === "/mine") socket.end("HTTP/1.1 418 Mine\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const socket = await opened({ url: `${url}/agent` });
    socket.send("hi");
    expect(await heard(socket)).toBe("ada: hi");
    socket.close();
    await once(socket, "close");
    expect((await refusal(new WebSocket(`${url.replace("http", "ws")}/mine`))).status).toBe(418);
    server.close();
    await once(server, "close");
  });

  it("refuse two routes of one path", () => {
    expect(() => new AgentApp({ query: () => "hi", sockets: [echo, { ...echo, path: "/echo/:other" }] })).toThrow(
      expect.objectContaining({ code: "conflict" }),
    );
  });
});
