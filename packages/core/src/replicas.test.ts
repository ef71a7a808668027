import type { AgentEvent, AgentResponse } from "@agentscope-runtime/protocol";
import {
  InProcessLeases,
  InProcessRunLog,
  InProcessSessionHistory,
  InProcessState,
  InProcessTopic,
} from "@agentscope-runtime/services";
import { eventually } from "@agentscope-runtime/services/testing";
import { AgentApp } from "./agent-app.ts";
import type { AgentAppOptions } from "./agent-app.ts";
import type { AppServices } from "./run-services.ts";
import type { QueryHandler } from "./runner.ts";
import { agentRequestSchema } from "@agentscope-runtime/protocol";
import { Narrator } from "./narrator.ts";
import { encodeStoredRun } from "./stored-run.ts";
import { callHandler, eventsOf, jsonOf } from "./testing/index.ts";

const input = [{ role: "user", content: [{ type: "text", text: "hello" }] }];

/** What two replicas share. */
function sharedServices(): Required<Omit<AppServices, "memory" | "tasks">> & AsyncDisposable {
  const services = {
    sessions: new InProcessSessionHistory(),
    state: new InProcessState(),
    runLog: new InProcessRunLog(),
    topic: new InProcessTopic(),
    leases: new InProcessLeases(),
  };
  return {
    ...services,
    async [Symbol.asyncDispose]() {
      for (const service of Object.values(services)) await service[Symbol.asyncDispose]();
    },
  };
}

async function replicaOf(services: AppServices, query: QueryHandler, options: AgentAppOptions = {}): Promise<AgentApp> {
  const app = new AgentApp({ services, query, heartbeatMs: 50, stopGraceMs: 50, ...options });
  await app.start();
  return app;
}

/** Says a word and waits until it is let go, or stopped. */
function waitingAgent(): { query: QueryHandler; letGo: () => void; stopped: Promise<unknown> } {
  const gate = Promise.withResolvers<undefined>();
  const stopped = Promise.withResolvers<unknown>();
  return {
    letGo: () => {
      gate.resolve(undefined);
    },
    stopped: stopped.promise,
    query: async function* (_request, { signal }) {
      signal.addEventListener("abort", () => {
        stopped.resolve(signal.reason);
      });
      yield "waiting ";
      await Promise.race([gate.promise, stopped.promise.then((reason) => Promise.reject(reason as Error))]);
      yield "done";
    },
  };
}

async function follow(app: AgentApp, runId: string, signal?: AbortSignal): Promise<AsyncGenerator<AgentEvent>> {
  const call = { method: "GET", path: `/runs/${runId}/events`, ...(signal === undefined ? {} : { signal }) };
  return eventsOf(await callHandler(app.handle, call));
}

async function statusOf(app: AgentApp, runId: string): Promise<string> {
  const { status } = jsonOf(await callHandler(app.handle, { method: "GET", path: `/runs/${runId}` })) as AgentResponse;
  return String(status);
}

async function begin(app: AgentApp, id: string, more: object = {}): Promise<void> {
  await callHandler(app.handle, { path: "/process", body: { input, id, on_disconnect: "continue", ...more } });
}

/** A run that a replica has left behind which is gone. */
async function leaveBehind(
  { runLog }: Pick<Required<AppServices>, "runLog">,
  runId: string,
  { sessionId, events }: { readonly sessionId: string; readonly events: readonly AgentEvent[] },
): Promise<void> {
  const key = { ownerId: "anybody", runId };
  const request = { ...agentRequestSchema.parse({ input }), id: runId, session_id: sessionId, user_id: "ada" };
  const stored = encodeStoredRun({ request, onDisconnect: "continue" });
  const run = { agent: "agent", sessionId, userId: "ada", requestHash: "", request: stored, holder: "gone" };
  await runLog.create(key, run);
  if (events.length > 0)
    await runLog.append(key, { holder: "gone", first: 0, events: events.map((event) => JSON.stringify(event)) });
}

describe("replicas of an app", () => {
  it("let a run be followed on another one, live and to its end", async () => {
    await using services = sharedServices();
    const { query, letGo } = waitingAgent();
    await using one = await replicaOf(services, query);
    await using other = await replicaOf(services, query);
    await begin(one, "r");
    const events = await follow(other, "r");
    expect((await events.next()).value).toMatchObject({ status: "created", sequence_number: 0 });
    letGo();
    const rest = await Array.fromAsync(events);
    expect(rest.at(-1)).toMatchObject({ status: "completed", sequence_number: rest.length });
  });

  it("cancel a run of another one, and answer when its agent has stopped", async () => {
    await using services = sharedServices();
    const { query, stopped } = waitingAgent();
    await using one = await replicaOf(services, query);
    await using other = await replicaOf(services, query);
    await begin(one, "r");
    const canceled = await callHandler(other.handle, { path: "/runs/r/cancel" });
    expect(jsonOf(canceled)).toMatchObject({ status: "canceled" });
    expect(await stopped).toMatchObject({ code: "canceled" });
  });

  it("keep a run alive whose only reader is on another one, and stop it when that one leaves", async () => {
    await using services = sharedServices();
    const { query, stopped } = waitingAgent();
    await using one = await replicaOf(services, query);
    await using other = await replicaOf(services, query);
    const caller = new AbortController();
    const body = { input, id: "r", on_disconnect: { grace: 200 } };
    await callHandler(one.handle, { path: "/process", body, signal: caller.signal });
    const leaving = new AbortController();
    const events = await follow(other, "r", leaving.signal);
    expect((await events.next()).done).toBe(false);
    const left = performance.now();
    caller.abort();
    // Longer than the grace, as the reader's heartbeats tell.
    await eventually(() => performance.now() - left > 500);
    expect(await statusOf(other, "r")).toBe("in_progress");
    leaving.abort();
    expect(await stopped).toMatchObject({ code: "canceled" });
  });

  it("keep the order of a session's messages across all of them", async () => {
    await using services = sharedServices();
    const seen: string[] = [];
    const query: QueryHandler = async function* ({ id }) {
      seen.push(`${id} begins`);
      yield "x";
      await Promise.resolve();
      seen.push(`${id} ends`);
    };
    await using one = await replicaOf(services, query);
    await using other = await replicaOf(services, query);
    const ids = Array.from({ length: 10 }, (_, index) => String(index));
    for (const id of ids) await begin(Number(id) % 2 === 0 ? one : other, id, { session_id: "tea" });
    await eventually(async () => (await statusOf(one, "9")) === "completed");
    expect(seen).toEqual(ids.flatMap((id) => [`${id} begins`, `${id} ends`]));
  });

  it("interrupt a run of another one", async () => {
    await using services = sharedServices();
    const { query } = waitingAgent();
    await using one = await replicaOf(services, query);
    await using other = await replicaOf(services, () => "new answer");
    await begin(one, "old", { session_id: "tea" });
    await begin(other, "new", { session_id: "tea", multitask_strategy: "interrupt" });
    await eventually(async () => (await statusOf(other, "new")) === "completed");
    expect(await statusOf(other, "old")).toBe("canceled");
  });

  it("end the runs of one that is gone, and its readers learn so", async () => {
    await using services = sharedServices();
    const narrator = new Narrator({ runId: "r", sessionId: "tea" });
    const told = [...narrator.begin(), ...narrator.tell("half an ans")];
    await leaveBehind(services, "r", { sessionId: "tea", events: told });
    await using app = await replicaOf(services, () => "x");
    const events = await Array.fromAsync(await follow(app, "r"));
    expect(events.map(({ sequence_number: number }) => number)).toEqual([...events.keys()]);
    expect(events.at(-1)).toMatchObject({
      status: "failed",
      error: { code: "unavailable" },
      output: [{ status: "incomplete", content: [{ text: "half an ans" }] }],
    });
    // What was asked and what was answered so far stays in the session, once.
    const { items } = await services.sessions.read({ userId: "ada", sessionId: "tea" });
    expect(items.map(({ role, status }) => [role, status])).toEqual([
      ["user", "created"],
      ["assistant", "incomplete"],
    ]);
  });

  it("end a run of one that is gone which had said nothing yet", async () => {
    await using services = sharedServices();
    await leaveBehind(services, "r", { sessionId: "tea", events: [] });
    await using app = await replicaOf(services, () => "x");
    const events = await Array.fromAsync(await follow(app, "r"));
    expect(events).toMatchObject([{ status: "created" }, { status: "in_progress" }, { status: "failed" }]);
  });

  it("run what one that is gone has left waiting", async () => {
    await using services = sharedServices();
    for (const id of ["1", "2", "3"]) await leaveBehind(services, id, { sessionId: "tea", events: [] });
    await using app = await replicaOf(services, ({ id }) => `answer ${id}`);
    const last = (await Array.fromAsync(await follow(app, "3"))).at(-1);
    expect(last).toMatchObject({ status: "completed", output: [{ content: [{ text: "answer 3" }] }] });
    expect(await statusOf(app, "1")).toBe("failed");
    expect(await statusOf(app, "2")).toBe("completed");
  });

  it("hand over what has not begun when they close, and the others run it", async () => {
    await using services = sharedServices();
    const { query, letGo } = waitingAgent();
    const one = await replicaOf(services, query);
    await using other = await replicaOf(services, () => "answered elsewhere");
    await begin(one, "1", { session_id: "tea" });
    await begin(one, "2", { session_id: "tea" });
    const reading = follow(other, "2").then((events) => Array.fromAsync(events));
    const closing = one.close({ drainMs: 60_000 });
    letGo();
    await closing;
    expect((await reading).at(-1)).toMatchObject({
      status: "completed",
      output: [{ content: [{ text: "answered elsewhere" }] }],
    });
    expect(await statusOf(other, "1")).toBe("completed");
  });

  it("write nothing more to a run that another one has taken over", async () => {
    await using services = sharedServices();
    const { query, letGo } = waitingAgent();
    await using app = await replicaOf(services, query);
    await begin(app, "r");
    const key = { ownerId: "anybody", runId: "r" };
    const record = await eventually(async () => {
      const now = await services.runLog.get(key);
      return now !== undefined && now.eventCount > 2 && now;
    });
    await services.runLog.claim(key, { from: record.holder, to: "other" });
    letGo();
    await app.close({ drainMs: 60_000 });
    expect(await services.runLog.get(key)).toEqual({ ...record, holder: "other" });
  });

  it("tell why they are not ready while the services cannot be reached, and become ready when they can", async () => {
    await using services = sharedServices();
    let away = true;
    const { leases } = services;
    const flaky = {
      ...services,
      leases: {
        acquire: async (name: string, ttlMs: number) => {
          if (away) throw new Error("connection refused");
          return leases.acquire(name, ttlMs);
        },
        renew: async (...call: Parameters<typeof leases.renew>) => leases.renew(...call),
        release: async (...call: Parameters<typeof leases.release>) => leases.release(...call),
        [Symbol.asyncDispose]: async () => leases[Symbol.asyncDispose](),
      },
    };
    await using app = await replicaOf(flaky, () => "x");
    const readiness = async (): Promise<unknown> =>
      jsonOf(await callHandler(app.handle, { method: "GET", path: "/readiness" }));
    expect(await readiness()).toEqual({
      status: "not_ready",
      reasons: { runs: "The services of runs cannot be reached." },
    });
    const refused = await callHandler(app.handle, { path: "/process", body: { input } });
    expect(refused.status).toBe(503);
    away = false;
    await eventually(async () => ((await readiness()) as { status: string }).status === "ready");
    const answered = await callHandler(app.handle, { path: "/process", body: { input, stream: false } });
    expect(jsonOf(answered)).toMatchObject({ status: "completed" });
  });

  it("need services that go together", () => {
    const services = { runLog: new InProcessRunLog() };
    expect(() => new AgentApp({ services, query: () => "x" })).toThrow("give all or none");
  });
});
