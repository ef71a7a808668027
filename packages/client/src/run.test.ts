import { AgentApp } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { Server } from "@agentscope-runtime/express";
import { foldEvents } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { createClient } from "./create-client.ts";
import { openCuttingProxy } from "./testing/cutting-proxy.ts";
import { openScriptedServer, sendLines } from "./testing/scripted-server.ts";
import { textOf } from "./text-of.ts";

const echo: QueryHandler = async function* ({ input }) {
  const [part] = input.at(-1)?.content ?? [];
  yield* (part?.type === "text" ? (part.text ?? "") : "").split(/(?<= )/);
};

async function start(options: Partial<AgentAppOptions>): Promise<Server> {
  return serve(new AgentApp(options), { port: 0, closeOnSignals: false });
}

const text = { object: "content", type: "text", text: "word", msg_id: "m1", delta: true };

interface Endless {
  readonly query: QueryHandler;
  readonly started: Promise<unknown>;
  /** Why it was stopped. */
  readonly stopped: Promise<string>;
}

/** An agent that says one word and then goes on until it is stopped. */
function endless(): Endless {
  const { promise: started, resolve: onStart } = Promise.withResolvers<undefined>();
  const { promise: stopped, resolve } = Promise.withResolvers<string>();
  const query: QueryHandler = async function* (_, { signal }) {
    try {
      onStart(undefined);
      yield "word";
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => {
        reject(signal.reason);
      });
      await promise;
    } finally {
      resolve((signal.reason as Error).message);
    }
  };
  return { query, started, stopped };
}

/** The next piece of text, so that the agent is known to be at work. */
async function firstText(events: AsyncIterator<AgentEvent>): Promise<void> {
  for (;;) {
    const { done, value } = await events.next();
    if (done === true) throw new Error("The stream ended without a text.");
    if (value.object === "content") return;
  }
}

describe("run", () => {
  it("streams what the agent says, in order, to its end", async () => {
    await using server = await start({ query: echo });
    const stream = createClient({ baseUrl: server.url }).run({ input: "one two three" });
    const events = await Array.fromAsync(stream);
    expect(events.map(({ sequence_number: number }) => number)).toEqual([...events.keys()]);
    const deltas = events.flatMap((event) =>
      event.object === "content" && event.type === "text" && event.delta === true ? [event.text] : [],
    );
    expect(deltas).toEqual(["one ", "two ", "three"]);
    expect(events.at(-1)).toMatchObject({ object: "response", status: "completed", id: stream.runId });
    expect(foldEvents(events)).toEqual(events.at(-1));
  });

  it("sends nothing before it is read", async () => {
    await using server = await openScriptedServer((response) => response.end());
    const { runId } = createClient({ baseUrl: server.url }).run({ input: "hi" });
    expect(runId).toMatch(/^response_/);
    expect(server.received).toEqual([]);
  });

  it("takes the caller's id, messages and other fields as they are", async () => {
    let given: unknown;
    await using server = await start({
      query: (request) => {
        given = request;
        return "ok";
      },
    });
    const content = [{ type: "text" as const, text: "hi" }];
    const request = {
      id: "mine",
      input: [{ role: "user" as const, content }],
      session_id: "s",
      temperature: 0.5,
      x: 1,
    };
    const stream = createClient({ baseUrl: `${server.url}/` }).run(request);
    expect(stream.runId).toBe("mine");
    expect((await Array.fromAsync(stream)).at(-1)).toMatchObject({ id: "mine", session_id: "s" });
    expect(given).toMatchObject({ input: [{ role: "user", content }], temperature: 0.5, x: 1, stream: true });
  });

  it("asks the agent that is named, and says which there are when there is none of that name", async () => {
    await using server = await start({ agents: { first: () => "one", "the second": () => "two" } });
    const client = createClient({ baseUrl: server.url });
    expect(textOf(await client.query({ input: "" }, { agent: "the second" }))).toBe("two");
    await expect(Array.fromAsync(client.run({ input: "" }, { agent: "../runs" }))).rejects.toMatchObject({
      code: "not_found",
      details: { field: "agent" },
    });
  });

  it("gives a run that failed as its last event", async () => {
    await using server = await start({
      query: () => {
        throw new Error("secret");
      },
    });
    const events = await Array.fromAsync(createClient({ baseUrl: server.url }).run({ input: "hi" }));
    expect(events.at(-1)).toMatchObject({ status: "failed", error: { code: "internal", message: "Internal error." } });
  });

  it("stops the agent when the signal aborts, and rejects with the signal's reason", async () => {
    const agent = endless();
    await using server = await start({ query: agent.query });
    const controller = new AbortController();
    const client = createClient({ baseUrl: server.url });
    const stream = client.run({ input: "hi" }, { signal: controller.signal });
    const events = stream[Symbol.asyncIterator]();
    await firstText(events);
    const reason = new Error("enough");
    controller.abort(reason);
    // Nobody reads meanwhile.
    expect(await agent.stopped).toBe("The run was canceled.");
    await expect(events.next()).rejects.toBe(reason);
    expect(await client.cancel(stream.runId)).toMatchObject({ status: "canceled" });
  });

  it("has stopped the agent when the loop is left", async () => {
    const agent = endless();
    await using server = await start({ query: agent.query });
    const client = createClient({ baseUrl: server.url });
    const stream = client.run({ input: "hi" });
    for await (const event of stream) if (event.object === "content") break;
    expect(await client.getRun(stream.runId)).toMatchObject({ status: "canceled", response: { status: "canceled" } });
    expect(await agent.stopped).toBe("The run was canceled.");
    // Nothing is read a second time.
    expect(await Array.fromAsync(stream)).toEqual([]);
  });

  it("gives nothing more once the signal has aborted, though it is there already", async () => {
    await using server = await openScriptedServer((reply) => {
      sendLines(reply, [text, text, text]);
    });
    const controller = new AbortController();
    const stream = createClient({ baseUrl: server.url }).run({ input: "hi" }, { signal: controller.signal });
    let count = 0;
    const read = async (): Promise<void> => {
      for await (const _ of stream) {
        count += 1;
        controller.abort("enough");
      }
    };
    await expect(read()).rejects.toBe("enough");
    expect(count).toBe(1);
  });

  it("cancels nothing when the loop is left at the run's end", async () => {
    await using server = await openScriptedServer((reply) => {
      sendLines(reply, [text, { object: "response", id: "r", created_at: 1, status: "completed" }]);
    });
    const stream = createClient({ baseUrl: server.url }).run({ input: "hi" });
    for await (const event of stream) if (event.object === "response") break;
    expect(server.received).toHaveLength(1);
  });

  it("refuses a request that is no JSON", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    const client = createClient({ baseUrl: "http://127.0.0.1:9" });
    expect(() => client.run({ input: "hi", circular })).toThrow("Invalid request: it cannot be written as JSON.");
  });

  it.each(["continue" as const, null])("only hangs up when on_disconnect is %s", async (onDisconnect) => {
    const agent = endless();
    await using server = await start({ query: agent.query, onDisconnect: "continue" });
    const client = createClient({ baseUrl: server.url });
    const stream = client.run({ input: "hi", on_disconnect: onDisconnect });
    for await (const event of stream) if (event.object === "content") break;
    expect(await client.getRun(stream.runId)).toMatchObject({ status: "in_progress", response: null });
    expect(await client.cancel(stream.runId)).toMatchObject({ status: "canceled" });
  });

  it("closes its connection when the loop is left", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<string>();
    await using server = await openScriptedServer((reply) => {
      reply.on("close", () => {
        resolve("closed");
      });
      sendLines(reply, [text]);
    });
    for await (const _ of createClient({ baseUrl: server.url }).run({ input: "hi", on_disconnect: null })) break;
    expect(await closed).toBe("closed");
  });

  it("asks nothing of the server when the signal has aborted already", async () => {
    await using server = await openScriptedServer((response) => response.end());
    const client = createClient({ baseUrl: server.url });
    const signal = AbortSignal.abort("no");
    await expect(Array.fromAsync(client.run({ input: "" }, { signal }))).rejects.toBe("no");
    await expect(client.query({ input: "" }, { signal })).rejects.toBe("no");
    await expect(client.getRun("r", { signal })).rejects.toBe("no");
    expect(server.received).toEqual([]);
  });

  it("needs no new connection for each run", async () => {
    await using server = await start({ query: echo });
    await using proxy = await openCuttingProxy(server.port, []);
    const client = createClient({ baseUrl: proxy.url });
    for (let count = 0; count < 10; count += 1) await Array.fromAsync(client.run({ input: "hi" }));
    expect(proxy.connections).toBeLessThan(5);
  });

  it("leaves nothing open: the server can close at once", async () => {
    const server = await start({ query: endless().query });
    const client = createClient({ baseUrl: server.url });
    for await (const event of client.run({ input: "hi" })) if (event.object === "content") break;
    const began = Date.now();
    await server.close({ drainMs: 60_000 });
    expect(Date.now() - began).toBeLessThan(1_500);
  });
});

describe("query", () => {
  it("resolves with the response", async () => {
    await using server = await start({ query: echo });
    const response = await createClient({ baseUrl: server.url }).query({ input: "one two" });
    expect(response).toMatchObject({ object: "response", status: "completed" });
    expect(textOf(response)).toBe("one two");
  });

  it("resolves with a response that failed, too", async () => {
    await using server = await start({
      query: () => {
        throw new Error("secret");
      },
    });
    const response = await createClient({ baseUrl: server.url }).query({ input: "hi" });
    expect(response).toMatchObject({ status: "failed", error: { code: "internal" } });
  });

  it("stops the agent when the signal aborts", async () => {
    const agent = endless();
    await using server = await start({ query: agent.query });
    const client = createClient({ baseUrl: server.url });
    const controller = new AbortController();
    const answer = client.query({ input: "hi" }, { signal: controller.signal });
    await agent.started;
    controller.abort("enough");
    await expect(answer).rejects.toBe("enough");
    expect(await agent.stopped).toBe("The run was canceled.");
  });
});

describe("resume", () => {
  it("follows a run behind the event that is known", async () => {
    await using server = await start({ query: echo });
    const client = createClient({ baseUrl: server.url });
    const events = await Array.fromAsync(client.run({ id: "r", input: "one two" }));
    expect(await Array.fromAsync(client.resume("r"))).toEqual(events);
    expect(await Array.fromAsync(client.resume("r", { after: 3 }))).toEqual(events.slice(4));
    expect(await Array.fromAsync(client.resume("r", { after: events.length - 1 }))).toEqual([]);
  });

  it("leaves the run alone when the loop is left", async () => {
    const agent = endless();
    await using server = await start({ query: agent.query });
    const client = createClient({ baseUrl: server.url });
    const taskId = await client.submitTask({ input: "hi" });
    for await (const event of client.resume(taskId)) if (event.object === "content") break;
    expect(await client.getRun(taskId)).toMatchObject({ status: "in_progress" });
    await client.cancel(taskId);
  });

  it("says so when there is no such run", async () => {
    await using server = await start({ query: echo });
    await expect(Array.fromAsync(createClient({ baseUrl: server.url }).resume("nope"))).rejects.toMatchObject({
      code: "not_found",
      message: "There is no run nope.",
    });
  });
});
