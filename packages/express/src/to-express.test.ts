import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { AgentApp, errorReply } from "@agentscope-runtime/core";
import type { HttpHandler, QueryHandler } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import express from "express";
import { toExpress } from "./to-express.ts";
import type { ToExpressOptions } from "./to-express.ts";

const body = JSON.stringify({ input: [{ role: "user", content: [{ type: "text", text: "hello" }] }] });
const post = { method: "POST", headers: { "content-type": "application/json" }, body };

/** A user's own Express app on a free port. */
async function listening(own: express.Express): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer(own).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function mounted(handle: HttpHandler, options?: ToExpressOptions): Promise<{ url: string } & AsyncDisposable> {
  const own = express();
  own.use("/agent", toExpress(handle, options));
  return listening(own);
}

async function startedApp(query: QueryHandler): Promise<AgentApp> {
  const app = new AgentApp({ query, stopGraceMs: 50 });
  await app.start();
  return app;
}

describe("toExpress", () => {
  it("mounts below any path of a user's own app, and leaves the other paths to it", async () => {
    await using app = await startedApp(() => "hi");
    const own = express();
    own.use("/agent", toExpress(app.handle));
    own.get("/agent/mine", (_request, response) => void response.send("mine"));
    await using server = await listening(own);
    const answer = await fetch(`${server.url}/agent/process`, post);
    expect(answer.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(await answer.text()).toContain('"text":"hi"');
    expect(await (await fetch(`${server.url}/agent/mine`)).text()).toBe("mine");
  });

  it("hands on a body that is not JSON as it comes, and refuses one that is too large", async () => {
    const handle: HttpHandler = async (request) => {
      let size = 0;
      try {
        for await (const piece of request.readBytes(1_000_000)) size += piece.length;
      } catch (thrown) {
        return errorReply(thrown);
      }
      return { status: 200, body: { json: { size } } };
    };
    await using server = await mounted(handle);
    const send = (bytes: number, init?: RequestInit) =>
      fetch(`${server.url}/agent/`, { method: "PUT", body: new Uint8Array(bytes), ...init });
    expect(await (await send(1_000_000)).json()).toEqual({ size: 1_000_000 });
    expect((await send(1_000_001)).status).toBe(413);
    const unannounced = new Blob([new Uint8Array(3_000_000)]).stream();
    expect((await send(0, { body: unannounced, duplex: "half" })).status).toBe(413);
    expect(await (await send(0)).json()).toEqual({ size: 0 });
  });

  it("tells who reads a body that the caller hung up", async () => {
    const failed = Promise.withResolvers<unknown>();
    const reading = Promise.withResolvers<undefined>();
    const handle: HttpHandler = async (request) => {
      try {
        for await (const _ of request.readBytes(1_000_000)) reading.resolve(undefined);
      } catch (thrown) {
        failed.resolve(thrown);
      }
      return { status: 204 };
    };
    await using server = await mounted(handle);
    const { port } = new URL(server.url);
    const caller = connect(Number(port), "127.0.0.1");
    caller.write("PUT /agent/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf of it");
    await reading.promise;
    caller.destroy();
    expect(await failed.promise).toMatchObject({ code: "canceled" });
  });

  it("works behind express.json()", async () => {
    await using app = await startedApp(() => "hi");
    const own = express();
    own.use(express.json(), toExpress(app.handle));
    await using server = await listening(own);
    expect(await (await fetch(`${server.url}/process`, post)).text()).toContain('"status":"completed"');
  });

  it.each<[string, RequestInit, number, string]>([
    ["a body that is not JSON", { ...post, body: "{input:" }, 400, "not JSON"],
    ["a body that is not UTF-8", { ...post, body: new Uint8Array([0x22, 0xff, 0x22]) }, 400, "UTF-8"],
    ["a body of another type", { ...post, headers: { "content-type": "text/plain" } }, 400, "content-type"],
    ["an empty body", { ...post, body: "" }, 400, "request"],
    ["a body of 20 MB", { ...post, body: "x".repeat(20 * 1024 * 1024) }, 413, "larger than 10485760 bytes"],
    ["a foreign method", { method: "PATCH" }, 405, "PATCH is not allowed"],
  ])("refuses %s, and goes on", async (_what, init, status, text) => {
    await using app = await startedApp(() => "hi");
    await using server = await mounted(app.handle);
    const answer = await fetch(`${server.url}/agent/process`, init);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({
      error: { message: expect.stringContaining(text), details: expect.anything() },
    });
    expect((await fetch(`${server.url}/agent/process`, post)).status).toBe(200);
  });

  it("refuses a body without a length as soon as it is too large", async () => {
    await using app = await startedApp(() => "hi");
    await using server = await mounted(app.handle);
    let sent = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        sent += 1;
        if (sent > 400) controller.close();
        else controller.enqueue(new Uint8Array(64 * 1024));
      },
    });
    const init: RequestInit = { ...post, body: endless, duplex: "half" };
    expect((await fetch(`${server.url}/agent/process`, init)).status).toBe(413);
  });

  it("sends the head of a stream at once, also when its first event is late", async () => {
    const { promise: later, resolve } = Promise.withResolvers<string>();
    const handle: HttpHandler = async () => ({
      status: 200,
      body: {
        sse: (async function* () {
          yield await later;
        })(),
      },
    });
    await using server = await mounted(handle);
    const answer = await fetch(`${server.url}/agent/x`);
    expect(answer.status).toBe(200);
    resolve("data: 1\n\n");
    expect(await answer.text()).toBe("data: 1\n\n");
  });

  it("sends each event in the tick that made it, and those of one tick in one piece", async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<undefined>();
    const handle: HttpHandler = async () => ({
      status: 200,
      body: {
        sse: (async function* () {
          yield "data: 1\n\n";
          yield "data: 2\n\n";
          await goOn;
          yield "data: 3\n\n";
        })(),
      },
    });
    await using server = await mounted(handle);
    const { body: stream } = await fetch(`${server.url}/agent/x`);
    const chunks: string[] = [];
    for await (const chunk of stream ?? []) {
      chunks.push(new TextDecoder().decode(chunk));
      resolve(undefined);
    }
    expect(chunks).toEqual(["data: 1\n\ndata: 2\n\n", "data: 3\n\n"]);
  });

  it("keeps a silent stream alive with comments, and a busy one without", async () => {
    const { promise: end, resolve } = Promise.withResolvers<undefined>();
    const handle: HttpHandler = async () => ({
      status: 200,
      body: {
        sse: (async function* () {
          yield "data: 1\n\n";
          await end;
        })(),
      },
    });
    await using server = await mounted(handle, { keepAliveMs: 10 });
    const { body: stream } = await fetch(`${server.url}/agent/x`);
    let text = "";
    for await (const chunk of stream ?? []) {
      text += new TextDecoder().decode(chunk);
      if (text.includes(": keep-alive\n\n: keep-alive\n\n")) resolve(undefined);
    }
    expect(text.replaceAll(": keep-alive\n\n", "")).toBe("data: 1\n\n");
  });

  it("tells the agent when the caller hangs up", async () => {
    const { promise: stopped, resolve } = Promise.withResolvers<unknown>();
    await using app = await startedApp(async function* (_request, { signal }) {
      yield "waiting";
      await new Promise<void>((done) => {
        signal.addEventListener("abort", () => {
          resolve(signal.reason);
          done();
        });
      });
    });
    await using server = await mounted(app.handle);
    const hangUp = new AbortController();
    const answer = await fetch(`${server.url}/agent/process`, { ...post, signal: hangUp.signal });
    await answer.body?.getReader().read();
    hangUp.abort();
    expect(await stopped).toMatchObject({ code: "canceled" });
  });

  it("waits for a reader who does not keep up, and takes no more from the source meanwhile", async () => {
    let taken = 0;
    const total = 400;
    const piece = `data: ${"x".repeat(64 * 1024)}\n\n`;
    const handle: HttpHandler = async () => ({
      status: 200,
      body: {
        sse: (async function* () {
          for (; taken < total; taken += 1) yield piece;
        })(),
      },
    });
    await using server = await mounted(handle);
    const { body: stream } = await fetch(`${server.url}/agent/x`);
    const reader = stream?.getReader();
    await reader?.read();
    // Whatever the sockets hold by now, it is not everything: the source is ahead by their buffers only.
    expect(taken).toBeLessThan(total);
    let length = 0;
    for (let read = await reader?.read(); read?.done === false; read = await reader?.read())
      length += read.value.length;
    expect(length).toBeGreaterThan((total - 2) * 64 * 1024);
    expect(taken).toBe(total);
  });

  it("ends the source when a reader who does not keep up hangs up", async () => {
    const { promise: ended, resolve } = Promise.withResolvers<string>();
    const handle: HttpHandler = async () => ({
      status: 200,
      body: {
        sse: (async function* () {
          try {
            for (;;) yield `data: ${"x".repeat(64 * 1024)}\n\n`;
          } finally {
            resolve("ended");
          }
        })(),
      },
    });
    await using server = await mounted(handle);
    const hangUp = new AbortController();
    await fetch(`${server.url}/agent/x`, { signal: hangUp.signal });
    hangUp.abort();
    expect(await ended).toBe("ended");
  });

  it("answers a failure before the first event with its status", async () => {
    const handle: HttpHandler = () => Promise.reject(new RuntimeError("resource_exhausted", "Too many."));
    await using server = await mounted(handle);
    const answer = await fetch(`${server.url}/agent/x`);
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(await answer.json()).toEqual({ error: { code: "resource_exhausted", message: "Too many.", details: {} } });
  });

  it("breaks the connection when a source fails in the middle, so that half is not taken for all", async () => {
    const handle: HttpHandler = async () => ({
      status: 200,
      body: {
        sse: (async function* () {
          yield "data: 1\n\n";
          throw new Error("no");
        })(),
      },
    });
    await using server = await mounted(handle);
    await expect(fetch(`${server.url}/agent/x`).then(async (answer) => answer.text())).rejects.toMatchObject({
      name: "TypeError",
    });
  });
});
