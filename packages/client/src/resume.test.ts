import { AgentApp } from "@agentscope-runtime/core";
import type { QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { Server } from "@agentscope-runtime/express";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { createClient } from "./create-client.ts";
import { openCuttingProxy } from "./testing/cutting-proxy.ts";
import { openScriptedServer, sendLines } from "./testing/scripted-server.ts";
import { textOf } from "./text-of.ts";

const retry = { minDelayMs: 2 };
const words = Array.from({ length: 60 }, (_, index) => `word${index} `);

async function start(query: QueryHandler): Promise<Server> {
  return serve(new AgentApp({ query }), { port: 0, drainMs: 0, closeOnSignals: false });
}

/** Says half of its words, and the other half when `goOn` is called. */
function halting(): { readonly query: QueryHandler; readonly goOn: () => void; readonly runs: () => number } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  let runs = 0;
  const query: QueryHandler = async function* (_, { signal }) {
    runs += 1;
    yield* words.slice(0, 30);
    const { promise: stopped, resolve: onStop } = Promise.withResolvers<undefined>();
    signal.addEventListener("abort", () => {
      onStop(undefined);
    });
    await Promise.race([promise, stopped]);
    signal.throwIfAborted();
    yield* words.slice(30);
  };
  const goOn = (): void => {
    resolve(undefined);
  };
  return { query, goOn, runs: () => runs };
}

function deltasOf(events: readonly AgentEvent[]): readonly unknown[] {
  return events.flatMap((event) => (event.object === "content" && event.delta === true ? [event] : []));
}

describe("a connection that breaks", () => {
  it("is taken up again where it was, and each event comes once and in order", async () => {
    const agent = halting();
    await using server = await start(agent.query);
    // In the reply's head, behind it, within events, at once.
    const cuts = [100, 900, 1_500, 700, 3_001, 0, 2_000];
    await using proxy = await openCuttingProxy(server.port, cuts);
    const stream = createClient({ baseUrl: proxy.url, retry }).run({ input: "go" });
    const events: AgentEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      if (event.object === "content" && "text" in event && event.text === "word29 ") agent.goOn();
    }
    expect(proxy.connections).toBeGreaterThan(cuts.length);
    expect(events.map(({ sequence_number: number }) => number)).toEqual([...events.keys()]);
    expect(deltasOf(events)).toMatchObject(words.map((text) => ({ text })));
    expect(events.at(-1)).toMatchObject({ status: "completed", id: stream.runId });
    expect(agent.runs()).toBe(1);
  });

  it("before the answer is made again, and the agent runs once", async () => {
    const agent = halting();
    agent.goOn();
    await using server = await start(agent.query);
    await using proxy = await openCuttingProxy(server.port, [0, 0, 0]);
    const client = createClient({ baseUrl: proxy.url, retry });
    const [events, response] = [
      await Array.fromAsync(client.run({ input: "go", session_id: "s" })),
      await client.query({ input: "go", session_id: "s" }),
    ];
    expect(proxy.connections).toBeGreaterThan(3);
    expect(events.at(-1)).toMatchObject({ status: "completed" });
    expect(textOf(response)).toBe(words.join(""));
    expect(agent.runs()).toBe(2);
  });

  it("in the middle of a JSON answer is asked for again", async () => {
    const agent = halting();
    agent.goOn();
    await using server = await start(agent.query);
    await using proxy = await openCuttingProxy(server.port, [0, 100, 500]);
    const response = await createClient({ baseUrl: proxy.url, retry }).query({ input: "go" });
    expect(textOf(response)).toBe(words.join(""));
    expect([proxy.connections, agent.runs()]).toEqual([4, 1]);
  });

  it("ends the run at once when the caller wants no grace", async () => {
    await using server = await start(halting().query);
    await using proxy = await openCuttingProxy(server.port, [2_000]);
    const events = await Array.fromAsync(
      createClient({ baseUrl: proxy.url, retry }).run({ input: "go", on_disconnect: "cancel" }),
    );
    expect(events.at(-1)).toMatchObject({ status: "canceled" });
    expect(events.map(({ sequence_number: number }) => number)).toEqual([...events.keys()]);
  });

  it("is given up when nothing came through several times in a row", async () => {
    await using server = await start(halting().query);
    await using proxy = await openCuttingProxy(server.port, [2_000, 0, 0, 0, 0]);
    const client = createClient({ baseUrl: proxy.url, retry: { ...retry, maxRetries: 3 } });
    const failure = await Array.fromAsync(client.run({ input: "go" })).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: "unavailable", cause: { name: "TypeError" } });
    expect(proxy.connections).toBe(4);
  });

  it("can be taken up later, by another client, from the last event that was seen", async () => {
    const agent = halting();
    await using server = await start(agent.query);
    await using proxy = await openCuttingProxy(server.port, [2_000, 0]);
    const first = createClient({ baseUrl: proxy.url, retry: { maxRetries: 0 } }).run({ input: "go" });
    const events: AgentEvent[] = [];
    const read = async (): Promise<void> => {
      for await (const event of first) events.push(event);
    };
    await expect(read()).rejects.toMatchObject({ code: "unavailable", message: "The connection to the server broke." });
    agent.goOn();
    const after = events.at(-1)?.sequence_number ?? undefined;
    const rest = await Array.fromAsync(createClient({ baseUrl: server.url }).resume(first.runId, { after }));
    expect(after).toBeGreaterThan(0);
    expect([...events, ...rest].map(({ sequence_number: number }) => number)).toEqual([...[...events, ...rest].keys()]);
    expect(rest.at(-1)).toMatchObject({ status: "completed" });
  });
});

describe("a server that restarts", () => {
  it("and has forgotten the run is named as the reason", async () => {
    await using server = await start(halting().query);
    await using restarted = await start(halting().query);
    await using proxy = await openCuttingProxy(server.port, []);
    const stream = createClient({ baseUrl: proxy.url, retry }).run({ input: "go" });
    const read = async (): Promise<void> => {
      for await (const event of stream) {
        if (event.object !== "content" || proxy.port === restarted.port) continue;
        proxy.port = restarted.port;
        proxy.cut();
      }
    };
    await expect(read()).rejects.toMatchObject({
      code: "not_found",
      message: `The stream broke, and the server does not know run ${stream.runId} any more.`,
      details: { runId: stream.runId },
      cause: { message: `There is no run ${stream.runId}.` },
    });
  });

  it("but does not come back is unavailable", async () => {
    await using server = await start(halting().query);
    const proxy = await openCuttingProxy(server.port, []);
    const client = createClient({ baseUrl: proxy.url, retry });
    const read = async (): Promise<void> => {
      for await (const event of client.run({ input: "go" })) {
        if (event.object === "content") await proxy[Symbol.asyncDispose]();
      }
    };
    await expect(read()).rejects.toMatchObject({
      code: "unavailable",
      message: `The server at ${proxy.url} cannot be reached.`,
      cause: { name: "TypeError", cause: { code: "ECONNREFUSED" } },
    });
  });

  it("tells its readers how their runs ended when it closes in order", async () => {
    const server = await start(halting().query);
    const stream = createClient({ baseUrl: server.url, retry }).run({ input: "go" });
    const events: AgentEvent[] = [];
    let closed: Promise<void> | undefined;
    for await (const event of stream) {
      events.push(event);
      if (event.object === "content") closed ??= server.close({ drainMs: 0 });
    }
    expect(events.at(-1)).toMatchObject({ status: "incomplete", incomplete_details: { reason: "shutdown" } });
    await closed;
  });
});

describe("a stream of a server that is no runtime of ours", () => {
  const response = { object: "response", id: "r1", created_at: 1, output: null, error: null, usage: null };
  const text = { object: "content", type: "text", msg_id: "m1", delta: true, index: null };

  it("is read as the Python runtime writes it", async () => {
    const message = {
      object: "message",
      id: "m1",
      type: "message",
      role: "assistant",
      content: null,
      status: "created",
    };
    await using server = await openScriptedServer((reply) => {
      sendLines(reply, [
        { ...response, status: "created", sequence_number: 0 },
        { ...message, sequence_number: 1, metadata: null, usage: null, code: null, message: null },
        { ...text, text: "Hel", sequence_number: 2 },
        { ...text, text: "lo", sequence_number: 3 },
        { ...response, status: "completed", sequence_number: 4, completed_at: 2 },
      ]);
      reply.end();
    });
    const events = await Array.fromAsync(createClient({ baseUrl: server.url }).run({ input: "hi" }));
    expect(events).toMatchObject([
      { status: "created" },
      { id: "m1" },
      { text: "Hel" },
      { text: "lo" },
      { status: "completed", completed_at: 2 },
    ]);
    expect(server.received).toHaveLength(1);
  });

  it.each([
    ["a text", { error: "Runner is not ready" }, { code: "internal", message: "Runner is not ready" }],
    ["one of our own", { error: { code: "conflict", message: "Busy." } }, { code: "conflict", message: "Busy." }],
  ])("fails with the error of an error line that is %s, and is not asked again", async (_, line, expected) => {
    await using server = await openScriptedServer((reply) => {
      sendLines(reply, [{ ...response, status: "created", sequence_number: 0 }, line]);
      reply.end();
    });
    const events = createClient({ baseUrl: server.url, retry }).run({ input: "hi" });
    await expect(Array.fromAsync(events)).rejects.toMatchObject(expected);
    expect(server.received).toHaveLength(1);
  });

  it("is taken up again after an error line that says unavailable", async () => {
    await using server = await openScriptedServer((reply, { url }) => {
      const first = { ...response, status: "created", sequence_number: 0 };
      const last = { ...response, status: "completed", sequence_number: 1 };
      const unavailable = { error: { code: "unavailable", message: "The log is closed." } };
      sendLines(reply, url === "/process" ? [first, unavailable] : [first, last]);
      reply.end();
    });
    const events = await Array.fromAsync(createClient({ baseUrl: server.url, retry }).run({ id: "r 1", input: "hi" }));
    expect(events.map(({ status }) => status)).toEqual(["created", "completed"]);
    expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "POST /process",
      "GET /runs/r%201/events?after=0",
    ]);
  });

  it("leaves out what this version does not know", async () => {
    await using server = await openScriptedServer((reply) => {
      reply.writeHead(200, { "content-type": "text/event-stream" });
      reply.write(
        ': comment\n\nevent: news\ndata: {"object":"trace"}\n\ndata: {"object":"content","type":"hologram"}\n\n',
      );
      reply.write(`data: ${JSON.stringify({ ...response, status: "completed" })}\n\ndata: [DONE]\n\n`);
      reply.end();
    });
    const events = await Array.fromAsync(createClient({ baseUrl: server.url }).run({ input: "hi" }));
    expect(events).toMatchObject([{ object: "response", status: "completed" }]);
  });

  it("cannot be taken up again when its events have no numbers", async () => {
    await using server = await openScriptedServer((reply) => {
      sendLines(reply, [text]);
      reply.end();
    });
    const events = createClient({ baseUrl: server.url, retry }).run({ input: "hi" });
    await expect(Array.fromAsync(events)).rejects.toMatchObject({
      code: "unavailable",
      message: "The server ended the stream before the run's end.",
    });
    expect(server.received).toHaveLength(1);
  });

  it("fails clearly when it breaks and the server keeps no runs", async () => {
    await using server = await openScriptedServer((reply, { url }) => {
      if (url !== "/process")
        reply.writeHead(404, { "content-type": "application/json" }).end('{"detail":"Not Found"}');
      else {
        sendLines(reply, [{ ...response, status: "in_progress", sequence_number: 0 }]);
        reply.end();
      }
    });
    const events = createClient({ baseUrl: server.url, retry }).run({ input: "hi" });
    await expect(Array.fromAsync(events)).rejects.toMatchObject({ code: "not_found", cause: { message: "Not Found" } });
  });
});
