import { AgentApp } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { createClient } from "./create-client.ts";
import { openScriptedServer, sendJson, sendLines } from "./testing/scripted-server.ts";
import { textOf } from "./text-of.ts";

const retry = { minDelayMs: 2 };
const completed = { object: "response", id: "r1", created_at: 1, status: "completed", output: [] };

describe("what a server answers in place of events", () => {
  it("is thrown with the server's code, message and details, and a bad request is not repeated", async () => {
    let asked = 0;
    await using server = await serve(new AgentApp({ query: () => "ok" }), { port: 0, closeOnSignals: false });
    const counted: typeof fetch = async (...input) => {
      asked += 1;
      return fetch(...input);
    };
    const client = createClient({ baseUrl: server.url, fetch: counted, retry });
    const failure = await Array.fromAsync(client.run({ input: "hi", id: "bad id" })).catch((thrown: unknown) => thrown);
    expect(RuntimeError.is(failure)).toBe(true);
    expect(failure).toMatchObject({
      code: "invalid_argument",
      message: "Invalid request: id: An id has letters, digits and . _ : @ = + ~ | - only.",
      details: { issues: [{ path: "id" }] },
    });
    expect(asked).toBe(1);
  });

  it.each([
    ["401 of ours", 401, { error: { code: "unauthenticated", message: "Who?" } }, { code: "unauthenticated" }],
    [
      "a code that is not ours",
      409,
      { error: { code: "BUSY", message: "Busy." } },
      { code: "conflict", details: { code: "BUSY" } },
    ],
    ["an error of the Python runtime", 500, { error: "Oh." }, { code: "internal", message: "Oh." }],
    [
      "an error of FastAPI",
      422,
      { detail: [{ loc: ["body"] }] },
      { code: "invalid_argument", details: { status: 422 } },
    ],
    ["a list", 400, [1], { code: "invalid_argument", details: { body: [1] } }],
  ])("becomes a RuntimeError when it is %s", async (_, status, value, expected) => {
    await using server = await openScriptedServer((reply) => {
      sendJson(reply, status, value);
    });
    const client = createClient({ baseUrl: server.url, retry });
    await expect(client.query({ input: "hi" })).rejects.toMatchObject(expected);
    await expect(Array.fromAsync(client.run({ input: "hi" }))).rejects.toMatchObject(expected);
    expect(server.received).toHaveLength(2);
  });

  it.each([
    [403, "permission_denied"],
    [200, "internal"],
  ])("may be a proxy's page with status %s", async (status, code) => {
    await using server = await openScriptedServer((reply) => {
      reply.writeHead(status, { "content-type": "text/html" }).end("<h1>Log in</h1>".padEnd(100_000, "."));
    });
    const client = createClient({ baseUrl: server.url });
    const calls = [
      async () => client.query({ input: "hi" }),
      async () => Array.fromAsync(client.run({ input: "hi" })),
      async () => client.getRun("r"),
    ];
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        code,
        message: `The server answered ${status} with text/html.`,
        details: { status, body: expect.stringMatching(/^<h1>Log in<\/h1>\.{1985}$/) },
      });
    }
  });

  it("may be JSON that is no run, which is the server's mistake", async () => {
    await using server = await openScriptedServer((reply) => {
      sendJson(reply, 200, { object: "run", id: 7 });
    });
    const client = createClient({ baseUrl: server.url });
    await expect(client.getRun("r")).rejects.toMatchObject({
      code: "internal",
      message: "The server's answer is not a run.",
    });
    await expect(client.query({ input: "" })).rejects.toMatchObject({ code: "internal" });
  });

  it("may be no JSON at all, though it says so", async () => {
    await using server = await openScriptedServer((reply) => {
      reply.writeHead(200, { "content-type": "application/json" }).end("{oops");
    });
    await expect(createClient({ baseUrl: server.url }).listRuns()).rejects.toMatchObject({
      code: "internal",
      message: "The server's answer is not JSON.",
    });
  });

  it("counts by its status when the rest of it is lost", async () => {
    await using server = await openScriptedServer((reply) => {
      reply.writeHead(404, { "content-type": "application/json", "content-length": "1000" }).write("{");
      setImmediate(() => reply.destroy());
    });
    await expect(createClient({ baseUrl: server.url }).getRun("r")).rejects.toMatchObject({ code: "not_found" });
    expect(server.received).toHaveLength(1);
  });

  it("is asked for again when it is not whole", async () => {
    await using server = await openScriptedServer((reply, _, number) => {
      if (number > 1) sendJson(reply, 200, completed);
      else reply.writeHead(200, { "content-type": "application/json", "content-length": "1000" }).write("{");
      if (number === 1) setImmediate(() => reply.destroy());
    });
    expect(await createClient({ baseUrl: server.url, retry }).query({ input: "hi" })).toMatchObject({ id: "r1" });
  });
});

describe("a server that is busy", () => {
  it("is asked again, with the same request, after the time that it asked for", async () => {
    await using server = await openScriptedServer((reply, _, number) => {
      if (number > 1) sendLines(reply, [completed]);
      else reply.writeHead(503, { "retry-after": "1" });
      reply.end();
    });
    const began = performance.now();
    const events = await Array.fromAsync(createClient({ baseUrl: server.url, retry }).run({ input: "hi" }));
    expect(events).toHaveLength(1);
    expect(performance.now() - began).toBeGreaterThanOrEqual(1_000);
    const [first, second] = server.received;
    expect(second?.body).toBe(first?.body);
    expect(JSON.parse(first?.body ?? "")).toMatchObject({ id: expect.any(String), on_disconnect: { grace: 10_000 } });
  });

  it.each([429, 502, 503, 504])("is asked again after %s, for every call", async (status) => {
    await using server = await openScriptedServer((reply, { url }, number) => {
      if (number % 2 === 1) reply.writeHead(status).end();
      else if (url === "/sessions/s") reply.writeHead(204).end();
      else sendJson(reply, 200, completed);
    });
    const client = createClient({ baseUrl: server.url, retry });
    expect(await client.query({ input: "hi" })).toMatchObject({ id: "r1" });
    await client.deleteSession("s");
    expect(server.received).toHaveLength(4);
  });

  it("is given up after five more times, with what it said last", async () => {
    await using server = await openScriptedServer((reply) => {
      sendJson(reply, 429, { error: { code: "resource_exhausted", message: "Full." } });
    });
    const client = createClient({ baseUrl: server.url, retry });
    await expect(client.query({ input: "hi" })).rejects.toMatchObject({ code: "resource_exhausted", message: "Full." });
    expect(server.received).toHaveLength(6);
  });

  it("is not asked again when it wants to be left alone for longer than the caller waits", async () => {
    await using server = await openScriptedServer((reply) => {
      reply.writeHead(503, { "retry-after": "31" }).end();
    });
    await expect(createClient({ baseUrl: server.url }).getRun("r")).rejects.toMatchObject({ code: "unavailable" });
    expect(server.received).toHaveLength(1);
  });
});

describe("a server that does not answer", () => {
  it("does not keep a caller whose signal aborts", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<undefined>();
    await using server = await openScriptedServer(() => {
      resolve(undefined);
    });
    const client = createClient({ baseUrl: server.url });
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [
      client.getRun("r", { signal }),
      client.query({ input: "" }, { signal }),
      Array.fromAsync(client.run({ input: "" }, { signal })),
      Array.fromAsync(client.resume("r", { signal })),
    ];
    const reasons = Promise.all(calls.map(async (call) => call.catch((thrown: unknown) => thrown)));
    await asked;
    controller.abort("enough");
    expect(await reasons).toEqual(["enough", "enough", "enough", "enough"]);
  });

  it("does not keep a caller who waits for more of a stream, or for the next try", async () => {
    await using server = await openScriptedServer((reply, { url }) => {
      if (url === "/process") sendLines(reply, [{ ...completed, status: "created", sequence_number: 0 }]);
      else reply.writeHead(503, { "retry-after": "20" }).end();
    });
    const client = createClient({ baseUrl: server.url });
    const controller = new AbortController();
    const { signal } = controller;
    const read = async (): Promise<void> => {
      for await (const _ of client.run({ input: "" }, { signal })) setImmediate(() => controller.abort("enough"));
    };
    await expect(read()).rejects.toBe("enough");
    const timeout = AbortSignal.timeout(20);
    await expect(client.getRun("r", { signal: timeout })).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("is unavailable when nobody listens", async () => {
    const server = await openScriptedServer(() => undefined);
    await server[Symbol.asyncDispose]();
    const client = createClient({ baseUrl: server.url, retry: { maxRetries: 1, minDelayMs: 1 } });
    await expect(client.listRuns()).rejects.toMatchObject({
      code: "unavailable",
      message: `The server at ${server.url} cannot be reached.`,
      cause: { cause: { code: "ECONNREFUSED" } },
    });
  });
});

describe("an answer that is too long", () => {
  it("is refused, be it an event or a whole answer", async () => {
    const text = "x".repeat(2_000_000);
    await using server = await serve(new AgentApp({ query: () => text }), { port: 0, closeOnSignals: false });
    const client = createClient({ baseUrl: server.url, maxReplyLength: 1_000_000 });
    const refused = { code: "payload_too_large" };
    await expect(Array.fromAsync(client.run({ input: "" }))).rejects.toMatchObject(refused);
    await expect(client.query({ input: "" })).rejects.toMatchObject(refused);
    expect(textOf(await createClient({ baseUrl: server.url }).query({ input: "" }))).toBe(text);
  });

  it("is refused before it is there, when it never ends", async () => {
    await using server = await openScriptedServer((reply) => {
      reply.writeHead(200, { "content-type": "text/event-stream" });
      const more = (): void => {
        if (!reply.destroyed) reply.write("data: ".padEnd(100_000, "x"), more);
      };
      more();
    });
    const client = createClient({ baseUrl: server.url, maxReplyLength: 1_000_000 });
    await expect(Array.fromAsync(client.run({ input: "" }))).rejects.toMatchObject({ code: "payload_too_large" });
  });
});
