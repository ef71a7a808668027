import type { AgentEvent } from "@agentscope-runtime/protocol";
import {
  InProcessLeases,
  InProcessRunLog,
  InProcessSessionHistory,
  InProcessState,
  InProcessTopic,
} from "@agentscope-runtime/services";
import { AgentApp } from "./agent-app.ts";
import type { AgentAppOptions } from "./agent-app.ts";
import { apiKeys } from "./authenticate.ts";
import type { GatewayHost } from "./gateway.ts";
import type { RunDoor } from "./run-door.ts";
import type { QueryHandler } from "./runner.ts";
import { callHandler, eventsOf, jsonOf } from "./testing/index.ts";
import type { HandlerCall } from "./testing/index.ts";

const call = { name: "wire_money", arguments: { to: "bob", amount: 7 } };
/** Gives the test what a gateway has. */
function hostOf(options: Partial<AgentAppOptions> = {}): { readonly app: AgentApp; readonly runs: RunDoor } {
  let runs: RunDoor | undefined;
  const routes = (host: GatewayHost): readonly [] => {
    ({ runs } = host);
    return [];
  };
  const app = new AgentApp({ query: asking, gateways: [{ name: "test", routes }], ...options });
  if (runs === undefined) throw new Error("The app has not asked its gateway for routes.");
  return { app, runs };
}

const keys = apiKeys({ "ada-key": { userId: "ada" }, "bob-key": { userId: "bob" } });

/** Asks for as many approvals as its text says; tells what was decided, and whether the call itself is allowed. */
const asking: QueryHandler = async function* ({ input }, { isApproved }) {
  const answers = input.filter(({ type }) => type === "mcp_approval_response");
  if (answers.length > 0) {
    yield `${answers.length} answered, allowed: ${isApproved(call.name, { amount: 7, to: "bob" })}`;
    yield `, other arguments: ${isApproved(call.name, { to: "bob", amount: 7000 })}`;
    return;
  }
  const part = input[0]?.content?.[0];
  const count = part?.type === "text" ? Number(part.text) : 0;
  for (let index = 1; index <= count; index += 1) yield { type: "approval.request", id: `a${index}`, ...call };
};

async function startedApp(options: Partial<AgentAppOptions> = {}): Promise<AgentApp> {
  const app = new AgentApp({ query: asking, ...options });
  await app.start();
  return app;
}

async function askFor(app: AgentApp, count: number, more: object = {}): Promise<AgentEvent[]> {
  const input = [{ role: "user", content: [{ type: "text", text: String(count) }] }];
  const body = { id: "r1", session_id: "tea", user_id: "ada", input, ...more };
  return Array.fromAsync(eventsOf(await callHandler(app.handle, { path: "/process", body })));
}

async function answer(
  app: AgentApp,
  more: Partial<HandlerCall> & { approve?: boolean } = {},
): Promise<{ status: number; json: unknown; runId: string }> {
  const { approve = true, ...rest } = more;
  const body = { approve, stream: false };
  const reply = await callHandler(app.handle, { path: "/runs/r1/approvals/a1", body, ...rest });
  return { status: reply.status, json: jsonOf(reply), runId: reply.headers?.["x-run-id"] ?? "" };
}

function saying(text: string): object {
  return { output: [{ content: [{ text }] }] };
}

describe("approvals", () => {
  it("park the run with a question, and go on with the answer, bound to the tool and its arguments", async () => {
    await using app = await startedApp();
    const events = await askFor(app, 1);
    expect(events.at(-1)).toMatchObject({
      status: "completed",
      output: [{ type: "mcp_approval_request", content: [{ data: { id: "a1", name: "wire_money" } }] }],
    });
    const waiting = await callHandler(app.handle, { method: "GET", path: "/runs/r1/approvals" });
    expect(jsonOf(waiting)).toEqual({ object: "approvals", run_id: "r1", pending: ["a1"] });
    expect(await answer(app)).toMatchObject({
      status: 200,
      json: saying("1 answered, allowed: true, other arguments: false"),
    });
  });

  it("tell the agent when a person has declined", async () => {
    await using app = await startedApp();
    await askFor(app, 1);
    expect(await answer(app, { approve: false })).toMatchObject({
      json: saying("1 answered, allowed: false, other arguments: false"),
    });
  });

  it("are decided once: the same answer again finds the same run, another one is a conflict", async () => {
    await using app = await startedApp();
    await askFor(app, 1);
    const racing = await Promise.all([answer(app), answer(app)]);
    expect(racing[0]).toEqual(racing[1]);
    expect((await answer(app)).runId).toBe(racing[0].runId);
    expect(await answer(app, { approve: false })).toMatchObject({ status: 409, json: { error: { code: "conflict" } } });
    const { data } = jsonOf(await callHandler(app.handle, { method: "GET", path: "/runs" })) as { data: unknown[] };
    expect(data).toHaveLength(2);
  });

  it("go on when the last of several is decided", async () => {
    await using app = await startedApp();
    await askFor(app, 2);
    expect(await answer(app)).toMatchObject({ status: 202, json: { pending: ["a2"] } });
    expect(await answer(app, { path: "/runs/r1/approvals/a2" })).toMatchObject({
      status: 200,
      json: saying("2 answered, allowed: true, other arguments: false"),
    });
  });

  it("tell whoever waits for them, at every door and replica, which run goes on", async () => {
    await using state = new InProcessState();
    await using runLog = new InProcessRunLog();
    await using topic = new InProcessTopic();
    await using leases = new InProcessLeases();
    const services = { state, runLog, topic, leases };
    const here = hostOf({ services });
    await using first = here.app;
    await first.start();
    await using second = await startedApp({ services });
    await askFor(first, 2);
    const key = { ownerId: "anybody", runId: "r1" };
    const waiting = here.runs.resumed(key);
    await answer(second);
    const { runId } = await answer(second, { path: "/runs/r1/approvals/a2" });
    expect(await waiting).toEqual({ ...key, runId });
    // Whoever asks later need not wait.
    expect(await here.runs.resumed(key)).toEqual({ ...key, runId });
  });

  it("also when they come as messages of a request", async () => {
    const { app: made, runs } = hostOf();
    await using app = made;
    await app.start();
    await askFor(app, 1);
    const waiting = runs.resumed({ ownerId: "anybody", runId: "r1" });
    const data = { approval_request_id: "a1", approve: true };
    const input = [{ type: "mcp_approval_response", content: [{ type: "data", data }] }];
    const body = { id: "r2", session_id: "tea", user_id: "ada", input, stream: false };
    await callHandler(app.handle, { path: "/process", body });
    expect(await waiting).toEqual({ ownerId: "anybody", runId: "r2" });
  });

  it("let go of whoever waits when it hangs up, and when the app closes", async () => {
    const { app, runs } = hostOf();
    await app.start();
    await askFor(app, 1);
    const key = { ownerId: "anybody", runId: "r1" };
    const leaving = new AbortController();
    const left = runs.resumed(key, { signal: leaving.signal });
    const waiting = runs.resumed(key);
    leaving.abort(new Error("gone"));
    await expect(left).rejects.toThrow("gone");
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: "unavailable" }), app.close()]);
  });

  it("outlive the process that asked", async () => {
    await using state = new InProcessState();
    await using sessions = new InProcessSessionHistory();
    const first = await startedApp({ services: { state, sessions } });
    await askFor(first, 1);
    await first.close();
    await using second = await startedApp({ services: { state, sessions } });
    const input = [
      {
        type: "mcp_approval_response",
        content: [{ type: "data", data: { approval_request_id: "a1", approve: true } }],
      },
    ];
    const body = { session_id: "tea", user_id: "ada", input, stream: false };
    const reply = await callHandler(second.handle, { path: "/process", body });
    expect(jsonOf(reply)).toMatchObject(saying("1 answered, allowed: true, other arguments: false"));
    // The same decision cannot begin a second run.
    expect((await callHandler(second.handle, { path: "/process", body })).status).toBe(409);
  });

  it("are told apart by the runs that asked, also under the same id", async () => {
    await using app = await startedApp();
    await askFor(app, 1);
    await askFor(app, 1, { id: "r2" });
    expect(await answer(app)).toMatchObject({ status: 200 });
    expect(await answer(app, { path: "/runs/r2/approvals/a1", approve: false })).toMatchObject({
      json: saying("1 answered, allowed: false, other arguments: false"),
    });
  });

  it("expire", async () => {
    await using app = await startedApp({ approvalMs: 0 });
    await askFor(app, 1);
    expect(await answer(app)).toMatchObject({
      status: 409,
      json: { error: { message: expect.stringContaining("expired") as string } },
    });
  });

  it("that nobody asked for are not found, nor those of another session or user", async () => {
    await using app = await startedApp({ authenticate: keys });
    const ada = { authorization: "Bearer ada-key" };
    const bob = { authorization: "Bearer bob-key" };
    const input = [{ role: "user", content: [{ type: "text", text: "1" }] }];
    const asked = { path: "/process", headers: ada, body: { id: "r1", session_id: "tea", input, stream: false } };
    expect(jsonOf(await callHandler(app.handle, asked))).toMatchObject({ status: "completed" });
    expect((await answer(app, { headers: bob })).status).toBe(404);
    expect((await answer(app, { headers: ada, path: "/runs/r1/approvals/other" })).status).toBe(404);
    for (const [headers, session_id] of [
      [bob, "tea"],
      [ada, "rum"],
    ] as const) {
      const forged = [
        {
          type: "mcp_approval_response",
          content: [{ type: "data", data: { approval_request_id: "a1", approve: true } }],
        },
      ];
      const reply = await callHandler(app.handle, { path: "/process", headers, body: { session_id, input: forged } });
      expect(reply.status).toBe(404);
    }
    expect((await answer(app, { headers: ada })).status).toBe(200);
  });

  it("that cannot be read are refused, with the field's name", async () => {
    await using app = await startedApp();
    const response = (content: object[]): object => ({
      session_id: "tea",
      input: [{ type: "mcp_approval_response", content }],
    });
    for (const [body, field] of [
      [response([{ type: "text", text: "yes" }]), "input.0.content"],
      [response([{ type: "data", data: { approve: true } }]), "approval_request_id"],
      [
        { ...response([{ type: "data", data: { approval_request_id: "a", approve: true } }]), session_id: null },
        "session_id",
      ],
    ] as const) {
      const reply = await callHandler(app.handle, { path: "/process", body });
      expect(reply.status).toBe(400);
      expect(JSON.stringify(jsonOf(reply))).toContain(field);
    }
    expect(await answer(app, { body: { approve: "yes" } })).toMatchObject({ status: 400 });
  });
});
