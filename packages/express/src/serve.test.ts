import { AgentApp } from "@agentscope-runtime/core";
import type { QueryHandler } from "@agentscope-runtime/core";
import { decodeEvents } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { serve } from "./serve.ts";
import type { Server } from "./serve.ts";

const body = JSON.stringify({ input: [] });
const post = { method: "POST", headers: { "content-type": "application/json" }, body };

async function serving(query: QueryHandler): Promise<Server> {
  return serve(new AgentApp({ query, stopGraceMs: 50 }), { port: 0, closeOnSignals: false });
}

async function* events(answer: Response): AsyncGenerator<AgentEvent> {
  if (answer.body !== null) yield* decodeEvents(answer.body);
}

describe("serve", () => {
  it("answers on a free port, and knows its URL", async () => {
    await using server = await serving(() => "hi");
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect((await Array.fromAsync(events(await fetch(`${server.url}/process`, post)))).at(-1)).toMatchObject({
      status: "completed",
    });
  });

  it("answers unknown paths with an error of the wire, and does not say what it is made of", async () => {
    await using server = await serving(() => "hi");
    const answer = await fetch(`${server.url}/nowhere`);
    expect(answer.status).toBe(404);
    expect(answer.headers.get("x-powered-by")).toBeNull();
    expect(await answer.json()).toMatchObject({
      error: { code: "not_found", message: expect.stringContaining("/nowhere") },
    });
  });

  it("says that a port is taken, and closes the app", async () => {
    await using first = await serving(() => "hi");
    let closed = false;
    const app = new AgentApp({ query: () => "x", shutdown: () => void (closed = true) });
    await expect(serve(app, { port: first.port, closeOnSignals: false })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(`Port ${first.port}`),
    });
    expect(closed).toBe(true);
  });

  it("lets a stream finish while it closes, says meanwhile that it is not ready, and then frees the port", async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<undefined>();
    const server = await serving(async function* () {
      yield "before ";
      await goOn;
      yield "after";
    });
    const stream = events(await fetch(`${server.url}/process`, post));
    const first = await stream.next();
    const closing = server.close({ drainMs: 60_000 });
    expect((await fetch(`${server.url}/readiness`)).status).toBe(503);
    resolve(undefined);
    const rest = await Array.fromAsync(stream);
    expect(first.value).toMatchObject({ status: "created" });
    expect(rest.at(-1)).toMatchObject({ status: "completed", output: [{ content: [{ text: "before after" }] }] });
    await closing;
    await server.closed;
    await expect(fetch(`${server.url}/liveness`)).rejects.toMatchObject({ name: "TypeError" });
  });

  it("ends every stream with a terminal event when the time is over", async () => {
    const server = await serving(async function* () {
      yield "forever";
      await new Promise(() => undefined);
    });
    const stream = events(await fetch(`${server.url}/process`, post));
    await stream.next();
    const [rest] = await Promise.all([Array.fromAsync(stream), server.close({ drainMs: 10 })]);
    expect(rest.at(-1)).toMatchObject({ object: "response", status: "incomplete" });
  });

  it("leaves no listener on the process", async () => {
    const before = process.listenerCount("SIGTERM") + process.listenerCount("SIGINT");
    const server = await serve(new AgentApp({ query: () => "hi" }), { port: 0 });
    expect(process.listenerCount("SIGTERM") + process.listenerCount("SIGINT")).toBe(before + 2);
    await server.close();
    expect(process.listenerCount("SIGTERM") + process.listenerCount("SIGINT")).toBe(before);
  });
});
