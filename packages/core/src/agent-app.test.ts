import { setImmediate as nextTurn } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { z } from "zod";
import { AgentApp } from "./agent-app.ts";
import type { AgentAppOptions } from "./agent-app.ts";
import { apiKeys } from "./authenticate.ts";
import { endpoint } from "./endpoint.ts";
import { Runner } from "./runner.ts";
import type { QueryHandler } from "./runner.ts";
import { callHandler, eventsOf, jsonOf } from "./testing/index.ts";
import type { HandlerCall } from "./testing/index.ts";

const input = [{ role: "user", content: [{ type: "text", text: "hello" }] }];
const keys = apiKeys({ "ada-key": { userId: "ada" }, "bob-key": { userId: "bob" } });
const ada = { authorization: "Bearer ada-key" };
const bob = { authorization: "Bearer bob-key" };

async function startedApp(options: AgentAppOptions): Promise<AgentApp> {
  const app = new AgentApp({ stopGraceMs: 50, ...options });
  await app.start();
  return app;
}

/** Status and JSON body of an answer that does not stream. */
async function ask(app: AgentApp, call: HandlerCall): Promise<{ status: number; json: unknown }> {
  const reply = await callHandler(app.handle, call);
  return { status: reply.status, json: reply.body === undefined ? undefined : jsonOf(reply) };
}

async function stream(app: AgentApp, body: object, call: Partial<HandlerCall> = {}): Promise<AgentEvent[]> {
  return Array.fromAsync(
    eventsOf(await callHandler(app.handle, { path: "/process", body: { input, ...body }, ...call })),
  );
}

/** Asks again until the answer is right; every wait is one turn of the event loop. */
async function until(isTrue: () => Promise<boolean> | boolean): Promise<void> {
  for (let turn = 0; turn < 10_000; turn += 1) {
    if (await isTrue()) return;
    await nextTurn();
  }
  throw new Error("It never became true.");
}

/** An agent that says one word and then waits for its signal; `stopped` tells how many did stop. */
function waitingAgent(): { readonly query: QueryHandler; readonly count: { started: number; stopped: number } } {
  const count = { started: 0, stopped: 0 };
  const query: QueryHandler = async function* (_request, { signal }) {
    count.started += 1;
    try {
      yield "waiting";
      await new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      });
    } finally {
      count.stopped += 1;
    }
  };
  return { query, count };
}

describe("POST /process", () => {
  it("streams the events of a run, and says its id in a header", async () => {
    await using app = await startedApp({ query: () => "hi" });
    const reply = await callHandler(app.handle, { path: "/process", body: { input, id: "r1" } });
    expect(reply).toMatchObject({ status: 200, headers: { "x-run-id": "r1" } });
    const events = await Array.fromAsync(eventsOf(reply));
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(events.at(-1)).toMatchObject({ id: "r1", status: "completed", output: [{ content: [{ text: "hi" }] }] });
  });

  it("answers one JSON response with stream: false", async () => {
    await using app = await startedApp({ query: () => "hi" });
    expect(await ask(app, { path: "/process", body: { input, stream: false } })).toMatchObject({
      status: 200,
      json: { object: "response", status: "completed", output: [{ content: [{ text: "hi" }] }] },
    });
  });

  it.each<[string, unknown, number, string]>([
    ["no body", undefined, 400, "request: expected object"],
    ["a body that is no object", [1], 400, "request"],
    ["no input", {}, 400, "input"],
    ["input that is no list", { input: "hello" }, 400, "input"],
    ["an unknown kind of content", { input: [{ content: [{ type: "smell" }] }] }, 400, "input.0.content.0.type"],
    ["a text that is no string", { input: [{ content: [{ type: "text", text: 7 }] }] }, 400, "input.0.content.0.text"],
    ["an unknown role", { input: [{ role: "pope", content: [] }] }, 400, "input.0.role"],
    ["a hostile session id", { input, session_id: "../../etc/passwd" }, 400, "session_id"],
    ["a session id that is too long", { input, session_id: "x".repeat(129) }, 400, "session_id"],
    ["a user id with a line break", { input, user_id: "a\nb" }, 400, "user_id"],
    ["an id of the wrong type", { input, id: 7 }, 400, "id"],
    ["too many choices", { input, n: 6 }, 400, "n"],
    ["a negative grace", { input, on_disconnect: { grace: -1 } }, 400, "on_disconnect"],
  ])("refuses %s and names the field", async (_what, body, status, field) => {
    await using app = await startedApp({ query: () => "hi" });
    const answer = await ask(app, { path: "/process", body });
    expect(answer).toMatchObject({
      status,
      json: { error: { code: "invalid_argument", message: expect.stringContaining(field) } },
    });
    expect(await stream(app, {})).toHaveLength(7);
  });

  it("refuses another method, and says which one is right", async () => {
    await using app = await startedApp({ query: () => "hi" });
    const reply = await callHandler(app.handle, { method: "DELETE", path: "/process" });
    expect(reply).toMatchObject({ status: 405, headers: { allow: "POST" } });
    expect(jsonOf(reply)).toMatchObject({ error: { code: "method_not_allowed", details: { allowed: ["POST"] } } });
  });

  it("leaves unknown paths to the next handler", async () => {
    await using app = await startedApp({ query: () => "hi" });
    await expect(callHandler(app.handle, { path: "/elsewhere" })).rejects.toMatchObject({ code: "not_found" });
  });

  it("is unavailable before the start", async () => {
    await using app = new AgentApp({ query: () => "hi" });
    expect(await ask(app, { path: "/process", body: { input } })).toMatchObject({
      status: 503,
      json: { error: { code: "unavailable", message: expect.stringContaining("start()") } },
    });
  });

  it("runs the agent that the path names, and the first one without a name", async () => {
    await using app = await startedApp({
      agents: { first: () => "I am first", second: new Runner({ queryHandler: () => "I am second" }) },
    });
    const text = async (path: string): Promise<string> => JSON.stringify((await stream(app, {}, { path })).at(-1));
    expect(await text("/process")).toContain("I am first");
    expect(await text("/agents/second/process")).toContain("I am second");
    expect(await ask(app, { path: "/agents/third/process", body: { input } })).toMatchObject({
      status: 404,
      json: { error: { message: expect.stringContaining("first, second") } },
    });
  });

  it("keeps agents that yield without a pause from starving the others", async () => {
    await using app = await startedApp({
      agents: {
        greedy: async function* (_request, { signal }) {
          for (;;) yield signal.aborted ? "never" : "";
        },
        modest: () => "hi",
      },
    });
    const leave = new AbortController();
    const greedy = stream(app, {}, { path: "/agents/greedy/process", signal: leave.signal }).catch(() => undefined);
    await nextTurn();
    expect((await stream(app, {}, { path: "/agents/modest/process" })).at(-1)).toMatchObject({ status: "completed" });
    leave.abort();
    await greedy;
  });

  it("ends a run that says more than it may as incomplete", async () => {
    await using app = await startedApp({
      query: async function* () {
        for (;;) yield "x".repeat(1000);
      },
      limits: { maxRunLength: 10_000 },
    });
    const last = (await stream(app, {})).at(-1);
    expect(last).toMatchObject({ status: "incomplete", incomplete_details: { reason: "output_length" } });
  });

  it("refuses more runs at once than it may have", async () => {
    const { query, count } = waitingAgent();
    await using app = await startedApp({ query, limits: { maxConcurrentRuns: 1 } });
    const leave = new AbortController();
    const first = stream(app, {}, { signal: leave.signal }).catch(() => undefined);
    await until(() => count.started === 1);
    expect(await ask(app, { path: "/process", body: { input } })).toMatchObject({ status: 429 });
    leave.abort();
    await first;
  });
});

describe("the same id twice", () => {
  it("attaches to the same run: the agent runs once, and both see all of it", async () => {
    let runs = 0;
    await using app = await startedApp({ query: () => `run ${(runs += 1)}` });
    const first = await stream(app, { id: "same" });
    expect(await stream(app, { id: "same" })).toEqual(first);
    expect(runs).toBe(1);
  });

  it("attaches also when both ask at the same time", async () => {
    let runs = 0;
    await using app = await startedApp({ query: () => `run ${(runs += 1)}` });
    const both = await Promise.all([stream(app, { id: "same" }), stream(app, { id: "same" })]);
    expect(both[0]).toEqual(both[1]);
    expect(runs).toBe(1);
  });

  it("is a conflict when the request is another one", async () => {
    await using app = await startedApp({ query: () => "hi" });
    await stream(app, { id: "same" });
    expect(await ask(app, { path: "/process", body: { input, id: "same", temperature: 1 } })).toMatchObject({
      status: 409,
      json: { error: { code: "conflict", details: { field: "id" } } },
    });
  });

  it("is another run when another user sends it", async () => {
    await using app = await startedApp({ query: (_request, { identity }) => identity.userId, authenticate: keys });
    const [first, second] = [
      await stream(app, { id: "same" }, { headers: ada }),
      await stream(app, { id: "same" }, { headers: bob }),
    ];
    expect(JSON.stringify(first.at(-1))).toContain("ada");
    expect(JSON.stringify(second.at(-1))).toContain("bob");
  });
});

describe("a reader who hangs up", () => {
  it("cancels the run by default", async () => {
    const { query, count } = waitingAgent();
    await using app = await startedApp({ query });
    const leave = new AbortController();
    const reading = stream(app, { id: "r" }, { signal: leave.signal }).catch(() => undefined);
    await until(() => count.started === 1);
    leave.abort();
    await until(() => count.stopped === 1);
    await reading;
    await until(async () => (await ask(app, { method: "GET", path: "/runs/r" })).json !== undefined);
    await until(async () => {
      const { json } = await ask(app, { method: "GET", path: "/runs/r" });
      return (json as { status: string }).status === "canceled";
    });
  });

  it("leaves the run alone with on_disconnect: continue", async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<undefined>();
    await using app = await startedApp({
      query: async function* () {
        yield "before";
        await goOn;
        yield "after";
      },
    });
    const leave = new AbortController();
    const reading = stream(app, { id: "r", on_disconnect: "continue" }, { signal: leave.signal }).catch(
      () => undefined,
    );
    await nextTurn();
    leave.abort();
    await reading;
    resolve(undefined);
    const rest = await Array.fromAsync(
      eventsOf(await callHandler(app.handle, { method: "GET", path: "/runs/r/events" })),
    );
    expect(rest.at(-1)).toMatchObject({ status: "completed", output: [{ content: [{ text: "beforeafter" }] }] });
  });

  it("may come back within the grace", async () => {
    const { query, count } = waitingAgent();
    await using app = await startedApp({ query });
    const leave = new AbortController();
    const reading = stream(app, { id: "r", on_disconnect: { grace: 60_000 } }, { signal: leave.signal }).catch(
      () => undefined,
    );
    await until(() => count.started === 1);
    leave.abort();
    await reading;
    await nextTurn();
    expect(count.stopped).toBe(0);
    const back = new AbortController();
    const events = eventsOf(
      await callHandler(app.handle, { method: "GET", path: "/runs/r/events?after=1", signal: back.signal }),
    );
    expect(await events.next()).toMatchObject({ value: { sequence_number: 2 } });
    expect(await ask(app, { path: "/runs/r/cancel" })).toMatchObject({ json: { status: "canceled" } });
    await events.return();
    back.abort();
  });

  it("cancels the run when the grace is over", async () => {
    const { query, count } = waitingAgent();
    await using app = await startedApp({ query, onDisconnect: { grace: 1 } });
    const leave = new AbortController();
    const reading = stream(app, {}, { signal: leave.signal }).catch(() => undefined);
    await until(() => count.started === 1);
    leave.abort();
    await until(() => count.stopped === 1);
    await reading;
  });

  it("does not cancel a run that another one still reads", async () => {
    const { query, count } = waitingAgent();
    await using app = await startedApp({ query });
    const [one, two] = [new AbortController(), new AbortController()];
    const first = stream(app, { id: "r" }, { signal: one.signal }).catch(() => undefined);
    await until(() => count.started === 1);
    const second = stream(app, { id: "r" }, { signal: two.signal }).catch(() => undefined);
    await nextTurn();
    one.abort();
    await first;
    await nextTurn();
    expect(count.stopped).toBe(0);
    two.abort();
    await second;
    await until(() => count.stopped === 1);
  });

  it("cancels a run also while it waits for one JSON response", async () => {
    const { query, count } = waitingAgent();
    await using app = await startedApp({ query });
    const leave = new AbortController();
    const asking = ask(app, { path: "/process", body: { input, stream: false }, signal: leave.signal });
    await until(() => count.started === 1);
    leave.abort();
    expect(await asking).toMatchObject({ status: 499 });
    await until(() => count.stopped === 1);
  });
});

describe("the runs", () => {
  it("are listed, newest first, by session and status, page by page", async () => {
    await using app = await startedApp({ query: () => "hi" });
    for (const id of ["a", "b", "c"]) await stream(app, { id, session_id: id === "c" ? "other" : "mine" });
    const list = async (query: string): Promise<unknown> =>
      (await ask(app, { method: "GET", path: `/runs?${query}` })).json;
    expect(await list("")).toMatchObject({
      object: "list",
      data: [{ id: "c" }, { id: "b" }, { id: "a" }],
      next_cursor: null,
    });
    expect(await list("session_id=mine")).toMatchObject({ data: [{ id: "b" }, { id: "a" }] });
    expect(await list("status=failed")).toMatchObject({ data: [] });
    const page = (await list("limit=2")) as { next_cursor: string };
    expect(await list(`limit=2&cursor=${encodeURIComponent(page.next_cursor)}`)).toMatchObject({ data: [{ id: "a" }] });
  });

  it.each([
    ["/runs?limit=0", "limit"],
    ["/runs?limit=many", "limit"],
    ["/runs?cursor=rubbish", "cursor"],
    ["/runs?status=lost", "status"],
    ["/runs?colour=red", "colour"],
    ["/runs/r/events?after=-1", "after"],
    ["/runs/r/events?after=x", "after"],
    ["/runs/%E0%A4%A", "runId"],
  ])("refuse %s and name the field", async (path, field) => {
    await using app = await startedApp({ query: () => "hi" });
    await stream(app, { id: "r" });
    const { status, json } = await ask(app, { method: "GET", path });
    expect([status, JSON.stringify(json)]).toEqual([400, expect.stringContaining(field)]);
  });

  it("are told with their response when they have ended", async () => {
    await using app = await startedApp({ query: () => "hi" });
    const last = (await stream(app, { id: "r", session_id: "s", user_id: "u" })).at(-1);
    expect(await ask(app, { method: "GET", path: "/runs/r" })).toMatchObject({
      json: {
        object: "run",
        id: "r",
        agent: "agent",
        session_id: "s",
        user_id: "u",
        status: "completed",
        event_count: 7,
        response: last,
      },
    });
  });

  it("go on exactly after the event that the reader has seen, by header or by query", async () => {
    await using app = await startedApp({ query: () => "hi" });
    const all = await stream(app, { id: "r" });
    const path = "/runs/r/events";
    const rest = async (call: Partial<HandlerCall>): Promise<AgentEvent[]> =>
      Array.fromAsync(eventsOf(await callHandler(app.handle, { method: "GET", path, ...call })));
    expect(await rest({})).toEqual(all);
    expect(await rest({ headers: { "last-event-id": "3" } })).toEqual(all.slice(4));
    expect(await rest({ path: `${path}?after=5` })).toEqual(all.slice(6));
    expect(await callHandler(app.handle, { method: "GET", path: `${path}?after=6` })).toEqual({ status: 204 });
  });

  it("are canceled by id: the answer comes when the agent has stopped, and the stream ends canceled", async () => {
    const { query, count } = waitingAgent();
    await using app = await startedApp({ query });
    const reading = stream(app, { id: "r" });
    await until(() => count.started === 1);
    expect(await ask(app, { path: "/runs/r/cancel" })).toMatchObject({ status: 200, json: { status: "canceled" } });
    expect(count.stopped).toBe(1);
    const events = await reading;
    expect(events.at(-1)).toMatchObject({ object: "response", status: "canceled", output: [{ status: "incomplete" }] });
  });

  it("stay as they ended when they are canceled too late", async () => {
    await using app = await startedApp({ query: () => "hi" });
    await stream(app, { id: "r" });
    expect(await ask(app, { path: "/runs/r/cancel" })).toMatchObject({ status: 200, json: { status: "completed" } });
  });

  it("of others do not exist", async () => {
    await using app = await startedApp({ query: () => "hi", authenticate: keys });
    await stream(app, { id: "r" }, { headers: ada });
    for (const [method, path] of [
      ["GET", "/runs/r"],
      ["GET", "/runs/r/events"],
      ["POST", "/runs/r/cancel"],
    ] as const) {
      expect(await ask(app, { method, path, headers: bob })).toMatchObject({
        status: 404,
        json: { error: { code: "not_found" } },
      });
    }
    expect(await ask(app, { method: "GET", path: "/runs", headers: bob })).toMatchObject({ json: { data: [] } });
  });
});

describe("the sessions", () => {
  it("are kept, listed, read and forgotten", async () => {
    await using sessions = new InProcessSessionHistory();
    await using app = await startedApp({ query: () => "hi", services: { sessions } });
    await stream(app, { session_id: "s", user_id: "u" });
    expect(await ask(app, { method: "GET", path: "/sessions?user_id=u" })).toMatchObject({
      json: { data: [{ object: "session", id: "s", user_id: "u", message_count: 2 }], next_cursor: null },
    });
    const path = "/sessions/s/messages?user_id=u&limit=1";
    expect(await ask(app, { method: "GET", path })).toMatchObject({
      json: { data: [{ role: "assistant" }], next_cursor: expect.any(String) },
    });
    expect(await ask(app, { method: "DELETE", path: "/sessions/s?user_id=u" })).toEqual({
      status: 204,
      json: undefined,
    });
    expect(await ask(app, { method: "GET", path: "/sessions?user_id=u" })).toMatchObject({ json: { data: [] } });
  });

  it("belong to who asks, whatever user the request claims", async () => {
    await using sessions = new InProcessSessionHistory();
    await using app = await startedApp({ query: () => "hi", services: { sessions }, authenticate: keys });
    await stream(app, { session_id: "s", user_id: "bob" }, { headers: ada });
    expect(await ask(app, { method: "GET", path: "/sessions?user_id=ada", headers: bob })).toMatchObject({
      json: { data: [] },
    });
    expect(await ask(app, { method: "GET", path: "/sessions", headers: ada })).toMatchObject({
      json: { data: [{ user_id: "ada" }] },
    });
  });

  it("ask for the user where nobody is authenticated", async () => {
    await using sessions = new InProcessSessionHistory();
    await using app = await startedApp({ query: () => "hi", services: { sessions } });
    expect(await ask(app, { method: "GET", path: "/sessions" })).toMatchObject({
      status: 400,
      json: { error: { details: { field: "user_id" } } },
    });
  });

  it("are not there in an app that keeps none, and it says how to keep them", async () => {
    await using app = await startedApp({ query: () => "hi" });
    expect(await ask(app, { method: "GET", path: "/sessions?user_id=u" })).toMatchObject({
      status: 501,
      json: { error: { message: expect.stringContaining("services.sessions") } },
    });
  });
});

describe("a run's id", () => {
  it("may have letters of any script, and stands in the header percent-encoded", async () => {
    await using app = await startedApp({ query: () => "hi" });
    const reply = await callHandler(app.handle, { path: "/process", body: { input, id: "走-1" } });
    expect([reply.status, reply.headers?.["x-run-id"]]).toEqual([200, "%E8%B5%B0-1"]);
    const path = `/runs/${encodeURIComponent("走-1")}`;
    expect(await ask(app, { method: "GET", path })).toMatchObject({ json: { id: "走-1" } });
  });
});

describe("background tasks", () => {
  it("run the agent without a reader", async () => {
    await using app = await startedApp({ query: () => "hi" });
    const { json } = await ask(app, { path: "/process/task", body: { input } });
    expect(json).toMatchObject({ status: "submitted", queue: "default", message: expect.any(String) });
    const path = `/process/task/${(json as { task_id: string }).task_id}`;
    await until(async () => JSON.stringify((await ask(app, { method: "GET", path })).json).includes('"finished"'));
    expect(await ask(app, { method: "GET", path })).toMatchObject({
      json: { status: "finished", result: { status: "completed" } },
    });
  });

  it("tell that the agent failed", async () => {
    await using app = await startedApp({
      query: () => {
        throw new RuntimeError("resource_exhausted", "No tokens left.");
      },
    });
    const { json } = await ask(app, { path: "/process/task", body: { input } });
    const path = `/process/task/${(json as { task_id: string }).task_id}`;
    await until(async () => JSON.stringify((await ask(app, { method: "GET", path })).json).includes('"error"'));
    expect(await ask(app, { method: "GET", path })).toMatchObject({
      json: { status: "error", result: "No tokens left." },
    });
  });

  it("of the app's own run as many at once as they may, and the rest wait", async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<undefined>();
    await using app = await startedApp({
      query: () => "hi",
      limits: { maxConcurrentTasks: 1 },
      tasks: {
        "/reports": async function* (body) {
          yield body;
          await goOn;
        },
      },
    });
    const submit = async (): Promise<string> => {
      const { json } = await ask(app, { path: "/reports", body: { title: "t" } });
      return `/reports/${(json as { task_id: string }).task_id}`;
    };
    const status = async (path: string): Promise<unknown> => (await ask(app, { method: "GET", path })).json;
    const [first, second] = [await submit(), await submit()];
    expect(await status(first)).toMatchObject({ status: "running", started_at: expect.any(Number), result: null });
    expect(await status(second)).toEqual({ status: "pending", result: null });
    resolve(undefined);
    await until(async () => JSON.stringify(await status(second)).includes("finished"));
    expect(await status(second)).toEqual({ status: "finished", result: [{ title: "t" }] });
  });

  it("say that they failed, and nothing of an unknown error", async () => {
    await using app = await startedApp({
      query: () => "hi",
      tasks: {
        "/fail": () => {
          throw new Error("password is hunter2");
        },
      },
    });
    const { json } = await ask(app, { path: "/fail", body: {} });
    const path = `/fail/${(json as { task_id: string }).task_id}`;
    await until(async () => JSON.stringify((await ask(app, { method: "GET", path })).json).includes('"error"'));
    expect(await ask(app, { method: "GET", path })).toMatchObject({
      json: { status: "error", result: "Internal error." },
    });
  });

  it("of others, and unknown ones, do not exist", async () => {
    await using app = await startedApp({ query: () => "hi", authenticate: keys, tasks: { "/work": () => 1 } });
    const { json } = await ask(app, { path: "/work", body: {}, headers: ada });
    const path = `/work/${(json as { task_id: string }).task_id}`;
    expect(await ask(app, { method: "GET", path, headers: bob })).toMatchObject({ status: 404 });
    expect(await ask(app, { method: "GET", path: "/process/task/none", headers: bob })).toMatchObject({ status: 404 });
  });
});

describe("custom endpoints", () => {
  it("parse their body and answer what the handler returns", async () => {
    await using app = await startedApp({
      query: () => "hi",
      endpoints: [
        endpoint({
          path: "/add/:to",
          body: z.object({ a: z.number() }),
          handler: ({ body, params }) => body.a + Number(params["to"]),
        }),
        endpoint({ path: "/nothing", method: "GET", handler: () => undefined }),
      ],
    });
    expect(await ask(app, { path: "/add/2", body: { a: 40 } })).toEqual({ status: 200, json: 42 });
    expect(await ask(app, { path: "/add/2", body: { a: "x" } })).toMatchObject({
      status: 400,
      json: { error: { message: expect.stringContaining("a:") } },
    });
    expect(await ask(app, { method: "GET", path: "/nothing" })).toEqual({ status: 204, json: undefined });
  });

  it("stream what a generator yields, and end with an error line when it throws", async () => {
    await using app = await startedApp({
      query: () => "hi",
      endpoints: [
        endpoint({
          path: "/count",
          handler: async function* () {
            yield { n: 1 };
            throw new RuntimeError("unavailable", "Out of numbers.");
          },
        }),
      ],
    });
    const { body } = await callHandler(app.handle, { path: "/count" });
    const frames = body !== undefined && "sse" in body ? await Array.fromAsync(body.sse) : [];
    expect(frames[0]).toBe('data: {"n":1}\n\n');
    expect(JSON.parse(frames[1]?.slice("data: ".length) ?? "")).toMatchObject({
      code: "unavailable",
      message: "Out of numbers.",
      error: { code: "unavailable" },
    });
    expect(frames).toHaveLength(2);
  });

  it("answer what the handler throws with its status", async () => {
    await using app = await startedApp({
      query: () => "hi",
      endpoints: [
        endpoint({
          path: "/no",
          handler: () => {
            throw new RuntimeError("permission_denied", "No.");
          },
        }),
      ],
    });
    expect(await ask(app, { path: "/no" })).toMatchObject({
      status: 403,
      json: { error: { code: "permission_denied", message: "No." } },
    });
  });

  it("cannot take a path that is taken", () => {
    const taken = endpoint({ path: "/process", handler: () => 1 });
    expect(() => new AgentApp({ query: () => "hi", endpoints: [taken] })).toThrow("Two routes are POST /process");
  });
});

describe("authentication", () => {
  it("turns away who it does not know, at every door but the public ones", async () => {
    await using app = await startedApp({
      query: () => "hi",
      authenticate: keys,
      endpoints: [
        endpoint({ path: "/mine", handler: () => 1 }),
        endpoint({ path: "/open", public: true, handler: () => 1 }),
      ],
    });
    const reply = await callHandler(app.handle, {
      path: "/process",
      body: { input },
      headers: { authorization: "Bearer nobody" },
    });
    expect(reply).toMatchObject({ status: 401, headers: { "www-authenticate": "Bearer" } });
    for (const path of ["/runs", "/metrics", "/sessions"])
      expect(await ask(app, { method: "GET", path })).toMatchObject({ status: 401 });
    expect(await ask(app, { path: "/mine" })).toMatchObject({ status: 401 });
    expect(await ask(app, { path: "/open" })).toMatchObject({ status: 200 });
    for (const path of ["/health", "/readiness", "/liveness", "/openapi.json"]) {
      expect(await ask(app, { method: "GET", path })).toMatchObject({ status: 200 });
    }
  });

  it("takes a key from either header", async () => {
    await using app = await startedApp({ query: (_request, { identity }) => identity.userId, authenticate: keys });
    for (const headers of [ada, { "x-api-key": "ada-key" }]) {
      expect(JSON.stringify((await stream(app, {}, { headers })).at(-1))).toContain('"text":"ada"');
    }
  });
});

describe("pages of other origins", () => {
  const origin = "https://chat.example.com";

  it("may not call unless they are asked in", async () => {
    await using app = await startedApp({ query: () => "hi" });
    const { headers } = await callHandler(app.handle, { method: "GET", path: "/health", headers: { origin } });
    expect(headers ?? {}).not.toHaveProperty("access-control-allow-origin");
  });

  it("may call when they are listed, and only those", async () => {
    await using app = await startedApp({ query: () => "hi", cors: { origins: [origin] } });
    const preflight = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "content-type",
    };
    expect(await callHandler(app.handle, { method: "OPTIONS", path: "/process", headers: preflight })).toMatchObject({
      status: 204,
      headers: { "access-control-allow-origin": origin, "access-control-allow-headers": "content-type" },
    });
    expect(await callHandler(app.handle, { method: "GET", path: "/health", headers: { origin } })).toMatchObject({
      headers: { "access-control-allow-origin": origin, vary: "origin" },
    });
    const { headers } = await callHandler(app.handle, {
      method: "GET",
      path: "/health",
      headers: { origin: "https://evil.example" },
    });
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });
});

describe("the life of an app", () => {
  it("starts and ends in order", async () => {
    const calls: string[] = [];
    const app = new AgentApp({
      query: () => "hi",
      init: () => void calls.push("init"),
      shutdown: async () => void calls.push("shutdown"),
      beforeStart: ({ name }) => void calls.push(`beforeStart ${name}`),
      afterFinish: () => {
        calls.push("afterFinish");
        throw new Error("only logged");
      },
      resources: [{ [Symbol.asyncDispose]: async () => void calls.push("resource") }],
    });
    await app.start();
    await app.start();
    await app.close();
    await app.close();
    expect(calls).toEqual(["init", "beforeStart agent", "afterFinish", "shutdown", "resource"]);
    await expect(app.start()).rejects.toMatchObject({ code: "unavailable" });
  });

  it("lets runs finish while it closes, and takes no new ones", async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<undefined>();
    const app = await startedApp({
      query: async function* () {
        yield "before";
        await goOn;
        yield "after";
      },
    });
    const reading = stream(app, {});
    await nextTurn();
    const closing = app.close({ drainMs: 60_000 });
    expect(await ask(app, { method: "GET", path: "/readiness" })).toMatchObject({
      status: 503,
      json: { status: "not_ready" },
    });
    expect(await ask(app, { method: "GET", path: "/liveness" })).toMatchObject({ status: 200 });
    expect(await ask(app, { path: "/process", body: { input } })).toMatchObject({ status: 503 });
    resolve(undefined);
    expect((await reading).at(-1)).toMatchObject({
      status: "completed",
      output: [{ content: [{ text: "beforeafter" }] }],
    });
    await closing;
  });

  it("ends what is left when the time is over, and each stream learns so", async () => {
    const { query, count } = waitingAgent();
    const app = await startedApp({ query });
    const reading = stream(app, {});
    await until(() => count.started === 1);
    await app.close({ drainMs: 1 });
    expect(count.stopped).toBe(1);
    expect((await reading).at(-1)).toMatchObject({
      object: "response",
      status: "incomplete",
      incomplete_details: { reason: "shutdown" },
    });
  });

  it("wants an agent, and not two kinds of them", () => {
    expect(() => new AgentApp({})).toThrow("either `query` or `agents`");
    expect(() => new AgentApp({ query: () => "x", agents: { a: () => "y" } })).toThrow("either `query` or `agents`");
  });

  it("tells its health, and why it is not ready", async () => {
    let reason: string | undefined = "no connection";
    await using app = await startedApp({
      query: () => "hi",
      readiness: {
        database: () => reason,
        cache: () => {
          throw new Error("secret host name");
        },
      },
    });
    expect(await ask(app, { method: "GET", path: "/health" })).toMatchObject({
      status: 200,
      json: { status: "healthy", mode: "standalone", runner: "ready" },
    });
    expect(await ask(app, { method: "GET", path: "/readiness" })).toEqual({
      status: 503,
      json: { status: "not_ready", reasons: { database: "no connection", cache: "the check failed" } },
    });
    reason = undefined;
    expect(await ask(app, { method: "GET", path: "/readiness" })).toMatchObject({
      json: { reasons: { cache: "the check failed" } },
    });
  });

  it("counts its runs for Prometheus", async () => {
    await using app = await startedApp({ query: () => "hi" });
    await stream(app, {});
    await until(async () => {
      const { body } = await callHandler(app.handle, { method: "GET", path: "/metrics" });
      return (
        body !== undefined &&
        "text" in body &&
        body.text.includes('agentscope_runs_total{agent="agent",status="completed"} 1')
      );
    });
  });
});
