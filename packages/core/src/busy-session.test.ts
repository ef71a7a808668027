import type { AgentEvent, AgentResponse, MultitaskStrategy } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { AgentApp } from "./agent-app.ts";
import type { AgentAppOptions } from "./agent-app.ts";
import type { QueryHandler } from "./runner.ts";
import { callHandler, eventsOf, jsonOf } from "./testing/index.ts";

const session = { session_id: "tea", user_id: "ada" };

function textsOf(input: readonly { readonly content: readonly unknown[] | null }[]): string {
  return input.map(({ content }) => (content?.[0] as { text?: string } | undefined)?.text).join("+");
}

/** Answers each message when it is let go, and notes in which order they began. */
function gatedAgent(): { query: QueryHandler; begun: string[]; letGo: (text: string) => void } {
  const begun: string[] = [];
  const gates = new Map<string, PromiseWithResolvers<undefined>>();
  const gateOf = (text: string): PromiseWithResolvers<undefined> => {
    const gate = gates.get(text) ?? Promise.withResolvers<undefined>();
    gates.set(text, gate);
    return gate;
  };
  return {
    begun,
    letGo: (text) => {
      gateOf(text).resolve(undefined);
    },
    query: async function* ({ input }, { signal }) {
      const text = textsOf(input);
      begun.push(text);
      yield "answer to ";
      const stopped = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => {
        stopped.reject(signal.reason as Error);
      });
      await Promise.race([gateOf(text).promise, stopped.promise]);
      yield text;
    },
  };
}

async function startedApp(options: AgentAppOptions): Promise<AgentApp> {
  const app = new AgentApp({ stopGraceMs: 50, ...options });
  await app.start();
  return app;
}

interface Asked {
  readonly status: number;
  readonly runId: string;
  readonly json: () => unknown;
  readonly end: Promise<AgentEvent | undefined>;
}

/** Sends a message; `end` is the last event of its stream. */
async function say(app: AgentApp, text: string, more: object = {}): Promise<Asked> {
  const body = { input: [{ role: "user", content: [{ type: "text", text }] }], ...session, ...more };
  const reply = await callHandler(app.handle, { path: "/process", body });
  const streams = reply.body !== undefined && "sse" in reply.body;
  const end = streams ? Array.fromAsync(eventsOf(reply)).then((events) => events.at(-1)) : Promise.resolve(undefined);
  return { status: reply.status, runId: reply.headers?.["x-run-id"] ?? "", json: () => jsonOf(reply), end };
}

function answerOf(event: AgentEvent | undefined): string | undefined {
  const [message] = (event as AgentResponse).output ?? [];
  const part = message?.content?.[0];
  return part?.type === "text" ? (part.text ?? undefined) : undefined;
}

describe("a message for a busy session", () => {
  it("waits until those before it are answered, and they are answered in order", async () => {
    const { query, begun, letGo } = gatedAgent();
    await using app = await startedApp({ query });
    const asked = [await say(app, "1"), await say(app, "2"), await say(app, "3")];
    const third = await callHandler(app.handle, { method: "GET", path: `/runs/${asked[2]?.runId}` });
    expect(jsonOf(third)).toMatchObject({ status: "queued" });
    for (const text of ["3", "2", "1"]) letGo(text);
    const ends = await Promise.all(asked.map(({ end }) => end));
    expect(ends.map(answerOf)).toEqual(["answer to 1", "answer to 2", "answer to 3"]);
    expect(begun).toEqual(["1", "2", "3"]);
  });

  it("does not wait for other sessions", async () => {
    const { query, letGo } = gatedAgent();
    await using app = await startedApp({ query });
    const slow = await say(app, "slow");
    letGo("quick");
    expect(answerOf(await (await say(app, "quick", { session_id: "rum" })).end)).toBe("answer to quick");
    letGo("slow");
    await slow.end;
  });

  it("is refused with 409 under `reject`, and can be sent again under the same id", async () => {
    const { query, begun, letGo } = gatedAgent();
    await using app = await startedApp({ query });
    const first = await say(app, "1");
    const refused = await say(app, "2", { multitask_strategy: "reject", id: "r2" });
    expect(refused.status).toBe(409);
    expect(refused.json()).toMatchObject({
      error: { code: "conflict", details: { field: "session_id", runId: first.runId } },
    });
    letGo("1");
    letGo("2");
    await first.end;
    expect(answerOf(await (await say(app, "2", { multitask_strategy: "reject", id: "r2" })).end)).toBe("answer to 2");
    expect(begun).toEqual(["1", "2"]);
  });

  it("stops what runs and what waits under `interrupt`, whose words stay in the history", async () => {
    const { query, begun, letGo } = gatedAgent();
    await using sessions = new InProcessSessionHistory();
    await using app = await startedApp({ query, services: { sessions } });
    const before = [await say(app, "1"), await say(app, "2")];
    letGo("3");
    const last = await say(app, "3", { multitask_strategy: "interrupt" });
    for (const { end } of before) expect(await end).toMatchObject({ status: "canceled" });
    expect(answerOf(await last.end)).toBe("answer to 3");
    expect(begun).toEqual(["1", "3"]);
    const { items } = await sessions.read({ userId: "ada", sessionId: "tea" });
    expect(textsOf(items)).toBe("1+answer to +3+answer to 3");
  });

  it("leaves no trace of what it stops in the history under `rollback`", async () => {
    const { query, letGo } = gatedAgent();
    await using sessions = new InProcessSessionHistory();
    await using app = await startedApp({ query, services: { sessions } });
    const before = await say(app, "1");
    letGo("2");
    const last = await say(app, "2", { multitask_strategy: "rollback" });
    expect(await before.end).toMatchObject({ status: "canceled" });
    await last.end;
    const { items } = await sessions.read({ userId: "ada", sessionId: "tea" });
    expect(textsOf(items)).toBe("2+answer to 2");
  });

  it("is answered together with the others that wait under `merge`, by one run", async () => {
    const { query, begun, letGo } = gatedAgent();
    const merge: MultitaskStrategy = { merge: 0 };
    await using app = await startedApp({ query, multitaskStrategy: merge });
    letGo("2+3+4");
    const first = await say(app, "1", { multitask_strategy: "enqueue" });
    const merged = [await say(app, "2"), await say(app, "3"), await say(app, "4")];
    expect(new Set(merged.map(({ runId }) => runId)).size).toBe(1);
    letGo("1");
    await first.end;
    for (const { end } of merged) expect(answerOf(await end)).toBe("answer to 2+3+4");
    expect(begun).toEqual(["1", "2+3+4"]);
  });

  it("waits for more messages as long as `merge` says, also when the session is idle", async () => {
    const { query, begun, letGo } = gatedAgent();
    await using app = await startedApp({ query });
    letGo("1+2");
    const merged = [await say(app, "1", { multitask_strategy: { merge: 500 } })];
    merged.push(await say(app, "2", { multitask_strategy: { merge: 500 } }));
    for (const { end } of merged) expect(answerOf(await end)).toBe("answer to 1+2");
    expect(begun).toEqual(["1+2"]);
  });

  it("is canceled while it waits, and tells its readers", async () => {
    const { query, begun, letGo } = gatedAgent();
    await using app = await startedApp({ query });
    const first = await say(app, "1");
    const waiting = await say(app, "2");
    const canceled = await callHandler(app.handle, { path: `/runs/${waiting.runId}/cancel` });
    expect(jsonOf(canceled)).toMatchObject({ status: "canceled" });
    expect(await waiting.end).toMatchObject({ object: "response", status: "canceled", sequence_number: 2 });
    letGo("1");
    await first.end;
    expect(begun).toEqual(["1"]);
  });

  it("is refused with 429 when too many wait already", async () => {
    const { query, letGo } = gatedAgent();
    await using app = await startedApp({ query, limits: { maxQueuedRuns: 1 } });
    const asked = [await say(app, "1"), await say(app, "2")];
    expect((await say(app, "3")).status).toBe(429);
    for (const text of ["1", "2"]) letGo(text);
    for (const { end } of asked) expect(await end).toMatchObject({ status: "completed" });
  });
});
