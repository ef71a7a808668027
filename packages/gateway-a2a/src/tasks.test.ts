import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { Server } from "@agentscope-runtime/express";
import { decodeSse } from "@agentscope-runtime/protocol";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import { InProcessLeases, InProcessRunLog, InProcessState, InProcessTopic } from "@agentscope-runtime/services";
import { a2aGateway } from "./index.ts";
import type { A2aGatewayOptions } from "./index.ts";
import type { A2aTask } from "./task.ts";

type Options = Partial<AgentAppOptions> & { readonly a2a?: A2aGatewayOptions };

async function serving(query: QueryHandler, { a2a, ...options }: Options = {}): Promise<Server> {
  const app = new AgentApp({ query, gateways: [a2aGateway(a2a)], stopGraceMs: 50, ...options });
  return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
}

interface Answer {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

interface Asked {
  readonly apiKey?: string;
  readonly signal?: AbortSignal;
}

async function ask({ url }: Server, method: string, params: unknown, asked: Asked = {}): Promise<Response> {
  const headers: Record<string, string> = { "content-type": "application/json", "a2a-version": "1.0" };
  if (asked.apiKey !== undefined) headers["authorization"] = `Bearer ${asked.apiKey}`;
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  return fetch(`${url}/a2a`, { method: "POST", headers, body, ...(asked.signal && { signal: asked.signal }) });
}

async function rpc(server: Server, method: string, params: unknown, asked?: Asked): Promise<Answer> {
  return (await (await ask(server, method, params, asked)).json()) as Answer;
}

interface Sent {
  readonly taskId?: string;
  readonly contextId?: string;
  readonly parts?: readonly object[];
  readonly configuration?: object;
}

function toRequest(text: string, { configuration, parts = [{ text }], ...message }: Sent = {}): object {
  return { message: { messageId: `m-${text}`, role: "ROLE_USER", parts, ...message }, configuration };
}

async function send(server: Server, text: string, sent?: Sent, asked?: Asked): Promise<A2aTask> {
  const { result, error } = await rpc(server, "SendMessage", toRequest(text, sent), asked);
  if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code });
  return (result as { readonly task: A2aTask }).task;
}

async function* stream(
  server: Server,
  method: string,
  params: unknown,
  asked?: Asked,
): AsyncGenerator<unknown, void, undefined> {
  const answer = await ask(server, method, params, asked);
  if (answer.body === null) throw new Error("There is no body.");
  for await (const { data } of decodeSse(answer.body)) yield (JSON.parse(data) as Answer).result;
}

/** Text of what the client said, and of the artifacts. */
function textsOf(task: A2aTask): unknown {
  const text = (parts: readonly { readonly text?: string }[]): string => parts.map((part) => part.text).join("");
  return {
    state: task.status.state,
    history: (task.history ?? []).map((message) => text(message.parts)),
    artifacts: (task.artifacts ?? []).map((artifact) => text(artifact.parts)),
  };
}

/** Asks for a city when it is told none, and fails when it is told to. */
const weather: QueryHandler = function* ({ input }) {
  const part = input.at(-1)?.content?.[0];
  const text = part?.type === "text" ? part.text : "";
  if (text === "weather") {
    yield "Where?";
    yield { type: "incomplete", reason: "input_required" };
  } else if (text === "fail") throw new Error("secret");
  else yield `Sunny in ${text}.`;
};

const waiting = () => {
  const begun = Promise.withResolvers<undefined>();
  const gate = Promise.withResolvers<undefined>();
  const query: QueryHandler = async function* (_request, { signal }) {
    yield "so far ";
    begun.resolve(undefined);
    await Promise.race([gate.promise, new Promise((resolve) => signal.addEventListener("abort", resolve))]);
    signal.throwIfAborted();
    yield "so good";
  };
  return { query, begun: begun.promise, goOn: () => gate.resolve(undefined) };
};

describe("a task", () => {
  it("goes on, with the same id, when its client answers what the agent has asked", async () => {
    await using server = await serving(weather);
    const asked = await send(server, "weather");
    expect(asked).toMatchObject({
      status: { state: "TASK_STATE_INPUT_REQUIRED", message: { parts: [{ text: "Where?" }] } },
    });
    const done = await send(server, "Oslo", { taskId: asked.id });
    expect(done).toMatchObject({ id: asked.id, contextId: asked.contextId });
    expect(textsOf(done)).toEqual({
      state: "TASK_STATE_COMPLETED",
      history: ["weather", "Where?", "Oslo"],
      artifacts: ["Where?", "Sunny in Oslo."],
    });
    expect((await rpc(server, "GetTask", { id: asked.id })).result).toEqual(done);
    await expect(send(server, "more", { taskId: asked.id })).rejects.toMatchObject({ code: -32004 });
  });

  it("is not another context's, nor unknown", async () => {
    await using server = await serving(weather);
    const { id } = await send(server, "weather");
    await expect(send(server, "Oslo", { taskId: id, contextId: "other" })).rejects.toMatchObject({ code: -32602 });
    await expect(send(server, "Oslo", { taskId: "unknown" })).rejects.toMatchObject({ code: -32001 });
    await expect(send(server, "Oslo", { taskId: `${id}~turn-2` })).rejects.toMatchObject({ code: -32001 });
  });

  it("takes several answers at once one after the other, and loses none", async () => {
    await using server = await serving(weather);
    const { id } = await send(server, "weather");
    const cities = ["a", "b", "c"];
    const answers = await Promise.allSettled(cities.map(async (city) => send(server, city, { taskId: id })));
    const { result } = await rpc(server, "GetTask", { id });
    const taken = answers.filter(({ status }) => status === "fulfilled").length;
    // One that comes when the task has ended already is refused; none is taken and then forgotten.
    expect((result as A2aTask).artifacts).toHaveLength(1 + taken);
    expect(taken).toBeGreaterThan(0);
  });

  it("tells what failed, without the words of an unknown error", async () => {
    await using server = await serving(weather);
    const task = await send(server, "fail");
    expect(task.status).toMatchObject({
      state: "TASK_STATE_FAILED",
      message: { metadata: { code: "internal" }, parts: [{ text: expect.not.stringContaining("secret") }] },
    });
  });

  it("may be rejected, or need its client to sign in", async () => {
    await using server = await serving(({ input }) => {
      const part = input[0]?.content?.[0];
      return [{ type: "incomplete", reason: part?.type === "text" ? (part.text ?? "") : "" }];
    });
    expect((await send(server, "rejected")).status.state).toBe("TASK_STATE_REJECTED");
    expect((await send(server, "auth_required")).status.state).toBe("TASK_STATE_AUTH_REQUIRED");
    expect((await send(server, "max_tokens")).status).toMatchObject({
      state: "TASK_STATE_FAILED",
      message: { metadata: { reason: "max_tokens" } },
    });
  });

  it("is answered at once when its client does not want to wait, and runs on", async () => {
    const { query, begun, goOn } = waiting();
    await using server = await serving(query);
    const { id, status } = await send(server, "go", { configuration: { returnImmediately: true } });
    expect(status.state).toBe("TASK_STATE_SUBMITTED");
    await begun;
    expect((await rpc(server, "GetTask", { id })).result).toMatchObject({
      status: { state: "TASK_STATE_WORKING" },
      artifacts: [{ parts: [{ text: "so far " }] }],
    });
    const following = stream(server, "SubscribeToTask", { id });
    await following.next();
    goOn();
    expect((await Array.fromAsync(following)).at(-1)).toMatchObject({
      statusUpdate: { status: { state: "TASK_STATE_COMPLETED" } },
    });
  });

  it("is canceled while it works, and not when it has ended", async () => {
    const { query, begun } = waiting();
    await using server = await serving(query);
    const { id } = await send(server, "go", { configuration: { returnImmediately: true } });
    await begun;
    expect((await rpc(server, "CancelTask", { id })).result).toMatchObject({
      status: { state: "TASK_STATE_CANCELED" },
    });
    expect((await rpc(server, "CancelTask", { id })).error).toMatchObject({ code: -32002 });
    expect((await rpc(server, "SubscribeToTask", { id })).error).toMatchObject({ code: -32004 });
  });

  it("is canceled while it waits for its client, who then cannot go on with it", async () => {
    await using server = await serving(weather);
    const { id } = await send(server, "weather");
    expect((await rpc(server, "CancelTask", { id })).result).toMatchObject({
      id,
      status: { state: "TASK_STATE_CANCELED" },
    });
    expect((await rpc(server, "CancelTask", { id })).error).toMatchObject({ code: -32002 });
    await expect(send(server, "Oslo", { taskId: id })).rejects.toMatchObject({ code: -32004 });
  });

  it("gives so much of its history as is asked for", async () => {
    await using server = await serving(weather);
    const { id } = await send(server, "weather");
    await send(server, "Oslo", { taskId: id });
    const lengthOf = async (historyLength: number): Promise<number | undefined> =>
      ((await rpc(server, "GetTask", { id, historyLength })).result as A2aTask).history?.length;
    expect([await lengthOf(0), await lengthOf(2), await lengthOf(9)]).toEqual([undefined, 2, 3]);
    expect((await rpc(server, "GetTask", { id, historyLength: -1 })).error).toMatchObject({ code: -32602 });
    const bare = await send(server, "Oslo", { configuration: { historyLength: 0 } });
    expect(bare).not.toHaveProperty("history");
  });
});

describe("a stream", () => {
  it("tells the task, then pieces of its artifacts, then how it ended", async () => {
    await using server = await serving(function* () {
      yield "one ";
      yield "two";
      yield { type: "message.end", metadata: { name: "count" } };
      yield { type: "content", content: { type: "data", data: { n: 3 } } };
    });
    const events = await Array.fromAsync(stream(server, "SendStreamingMessage", toRequest("count")));
    expect(events).toMatchObject([
      { task: { status: { state: "TASK_STATE_SUBMITTED" }, history: [{ parts: [{ text: "count" }] }] } },
      { statusUpdate: { status: { state: "TASK_STATE_WORKING" } } },
      { artifactUpdate: { artifact: { parts: [{ text: "one " }] } } },
      { artifactUpdate: { artifact: { parts: [{ text: "two" }] }, append: true } },
      { artifactUpdate: { artifact: { name: "count", parts: [{ text: "" }] }, append: true, lastChunk: true } },
      { artifactUpdate: { artifact: { parts: [{ data: { n: 3 } }] } } },
      { artifactUpdate: { lastChunk: true } },
      { statusUpdate: { status: { state: "TASK_STATE_COMPLETED" } } },
    ]);
  });

  it("can be joined in the middle: what is there first, then exactly what follows", async () => {
    const { query, begun, goOn } = waiting();
    await using server = await serving(query);
    const { id } = await send(server, "go", { configuration: { returnImmediately: true } });
    await begun;
    const joined = stream(server, "SubscribeToTask", { id });
    expect((await joined.next()).value).toMatchObject({
      task: { id, status: { state: "TASK_STATE_WORKING" }, artifacts: [{ parts: [{ text: "so far " }] }] },
    });
    goOn();
    expect(await Array.fromAsync(joined)).toMatchObject([
      { artifactUpdate: { artifact: { parts: [{ text: "so good" }] }, append: true } },
      { artifactUpdate: { lastChunk: true } },
      { statusUpdate: { status: { state: "TASK_STATE_COMPLETED" } } },
    ]);
  });

  it("of a task that waits for its client stays open, and is the same for all who follow", async () => {
    await using server = await serving(weather);
    const { id } = await send(server, "weather");
    const streams = [1, 2, 3].map(() => stream(server, "SubscribeToTask", { id }));
    const [first] = await Promise.all(streams.map(async (one) => one.next()));
    expect(first?.value).toMatchObject({ task: { status: { state: "TASK_STATE_INPUT_REQUIRED" } } });
    await streams[2]?.return(undefined);
    await send(server, "Oslo", { taskId: id });
    const [one, other] = await Promise.all(streams.slice(0, 2).map(async (rest) => Array.fromAsync(rest)));
    expect(one).toEqual(other);
    expect(one?.at(-1)).toMatchObject({ statusUpdate: { status: { state: "TASK_STATE_COMPLETED" } } });
  });

  it("ends when a task that waits for its client is canceled", async () => {
    await using server = await serving(weather);
    const { id } = await send(server, "weather");
    const following = stream(server, "SubscribeToTask", { id });
    await following.next();
    await rpc(server, "CancelTask", { id });
    expect(await Array.fromAsync(following)).toMatchObject([
      { statusUpdate: { status: { state: "TASK_STATE_CANCELED" } } },
    ]);
  });

  it("tells reasoning and tools where the app says so", async () => {
    const query: QueryHandler = () => [
      { type: "reasoning.delta", delta: "hm" },
      { type: "tool.call", callId: "1", name: "look", arguments: { at: "sky" } },
      { type: "tool.result", callId: "1", output: "blue" },
      "Blue.",
    ];
    await using quiet = await serving(query);
    const hidden = JSON.stringify(await Array.fromAsync(stream(quiet, "SendStreamingMessage", toRequest("sky"))));
    expect(hidden).not.toContain("look");
    await using open = await serving(query, { a2a: { showWork: true } });
    const events = await Array.fromAsync(stream(open, "SendStreamingMessage", toRequest("sky")));
    expect(events.slice(2, 5)).toMatchObject([
      { statusUpdate: { status: { message: { parts: [{ text: "hm" }], metadata: { type: "reasoning" } } } } },
      { statusUpdate: { status: { message: { parts: [{ data: { name: "look" } }] } } } },
      { statusUpdate: { status: { message: { parts: [{ data: { output: "blue" } }] } } } },
    ]);
    const task = await send(open, "sky");
    expect(task.history?.map(({ metadata }) => metadata?.["type"])).toEqual([
      undefined,
      "reasoning",
      "plugin_call",
      "plugin_call_output",
    ]);
  });
});

describe("a message instead of a task", () => {
  const a2a: A2aGatewayOptions = { reply: ({ parts }) => (parts[0]?.text === "quick" ? "message" : "task") };

  it("is the whole answer where the app says so", async () => {
    await using server = await serving(() => "Hi", { a2a });
    const { result } = await rpc(server, "SendMessage", toRequest("quick"));
    expect(result).toMatchObject({
      message: { role: "ROLE_AGENT", contextId: expect.any(String), parts: [{ text: "Hi" }] },
    });
    expect(await Array.fromAsync(stream(server, "SendStreamingMessage", toRequest("quick")))).toMatchObject([
      { message: { parts: [{ text: "Hi" }] } },
    ]);
    expect(await send(server, "long")).toMatchObject({ status: { state: "TASK_STATE_COMPLETED" } });
  });

  it("is a task after all when something went wrong", async () => {
    const query: QueryHandler = () => {
      throw new Error("no");
    };
    await using server = await serving(query, { a2a });
    expect((await rpc(server, "SendMessage", toRequest("quick"))).result).toMatchObject({
      task: { status: { state: "TASK_STATE_FAILED" } },
    });
  });
});

describe("an approval", () => {
  const pay: QueryHandler = ({ input }, { isApproved }) => {
    if (input[0]?.type !== "mcp_approval_response") {
      return [{ type: "approval.request", id: "a1", name: "pay", arguments: { amount: 5 } }];
    }
    return isApproved("pay", { amount: 5 }) ? "Paid." : "Not paid.";
  };

  it("is asked as input that is required, and given as data or as a word", async () => {
    await using server = await serving(pay);
    const asked = await send(server, "pay");
    expect(asked.status).toMatchObject({
      state: "TASK_STATE_INPUT_REQUIRED",
      message: {
        parts: [{ text: expect.stringContaining("pay") }, { data: { approvals: [{ id: "a1", name: "pay" }] } }],
      },
    });
    const parts = [{ data: { approvals: [{ id: "a1", approve: true }] } }];
    expect(textsOf(await send(server, "yes", { taskId: asked.id, parts }))).toMatchObject({ artifacts: ["Paid."] });
    const again = await send(server, "pay");
    expect(textsOf(await send(server, "reject", { taskId: again.id }))).toMatchObject({ artifacts: ["Not paid."] });
  });

  it("that was given over our own wire goes on with the task", async () => {
    await using server = await serving(pay);
    const { id } = await send(server, "pay");
    const headers = { "content-type": "application/json" };
    const body = JSON.stringify({ approve: true });
    await (await fetch(`${server.url}/runs/${id}/approvals/a1`, { method: "POST", headers, body })).text();
    expect(textsOf((await rpc(server, "GetTask", { id })).result as A2aTask)).toMatchObject({
      state: "TASK_STATE_COMPLETED",
      artifacts: ["Paid."],
    });
  });
});

describe("parts", () => {
  it("reach the agent as its own content, and come back as parts", async () => {
    let input: AgentRequest["input"] = [];
    await using server = await serving((request) => {
      ({ input } = request);
      return [{ type: "message", message: { content: request.input[0]?.content ?? [] } }];
    });
    const parts = [
      { text: "look" },
      { raw: "iVBORw0KGgo=", mediaType: "image/png" },
      { url: "https://example.com/a.mp3", mediaType: "audio/mp3" },
      { url: "https://example.com/a.mp4", mediaType: "video/mp4" },
      { raw: "aGk=", mediaType: "text/csv", filename: "a.csv" },
      { data: { a: [1] } },
      { data: [1, 2] },
    ];
    const task = await send(server, "parts", { parts });
    expect(input[0]?.content).toMatchObject([
      { type: "text", text: "look" },
      { type: "image", image_url: "data:image/png;base64,iVBORw0KGgo=" },
      { type: "audio", data: "https://example.com/a.mp3", format: "mp3" },
      { type: "video", video_url: "https://example.com/a.mp4" },
      { type: "file", file_data: "data:text/csv;base64,aGk=", filename: "a.csv" },
      { type: "data", data: { a: [1] } },
      { type: "data", data: { value: [1, 2] } },
    ]);
    expect(task.history?.[0]?.parts).toEqual(parts);
    expect(task.artifacts?.[0]?.parts).toEqual([
      ...parts.slice(0, 3),
      { url: "https://example.com/a.mp4" },
      ...parts.slice(4, 6),
      { data: { value: [1, 2] } },
    ]);
  });

  it("of a media type that is not taken are refused", async () => {
    await using server = await serving(() => "x");
    const parts = [{ raw: "aGk=", mediaType: "application/x-unknown" }];
    await expect(send(server, "parts", { parts })).rejects.toMatchObject({ code: -32005 });
  });

  it("come with what the client says beside them", async () => {
    let details: unknown;
    await using server = await serving((request) => {
      details = request["a2a"];
      return "ok";
    });
    const { id, contextId } = await send(server, "x", { configuration: { acceptedOutputModes: ["text/plain"] } });
    expect(details).toEqual({
      task_id: id,
      context_id: contextId,
      message_id: "m-x",
      reference_task_ids: [],
      accepted_output_modes: ["text/plain"],
      extensions: [],
      metadata: {},
    });
  });
});

describe("lists", () => {
  it("the caller's tasks, those that changed last first, page by page", async () => {
    await using server = await serving(weather);
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push((await send(server, "Oslo", { contextId: "tea" })).id);
    await send(server, "Oslo", { contextId: "other" });
    const waitsFor = await send(server, "weather", { contextId: "tea" });
    await send(server, "Rome", { taskId: waitsFor.id });
    const pages: string[][] = [];
    for (let pageToken = "", more = true; more; more = pageToken !== "") {
      const { result } = await rpc(server, "ListTasks", { contextId: "tea", pageSize: 4, pageToken });
      const page = result as { tasks: A2aTask[]; nextPageToken: string; totalSize: number; pageSize: number };
      expect(page).toMatchObject({ totalSize: 6, pageSize: 4 });
      expect(page.tasks[0]).not.toHaveProperty("artifacts");
      const times = page.tasks.map(({ status }) => status.timestamp ?? "");
      expect(times).toEqual(times.toSorted().toReversed());
      pages.push(page.tasks.map(({ id }) => id));
      pageToken = page.nextPageToken;
    }
    expect(pages.map((page) => page.length)).toEqual([4, 2]);
    expect(pages.flat().toSorted()).toEqual([...ids, waitsFor.id].toSorted());
  });

  it("by state and time, with artifacts when asked", async () => {
    await using server = await serving(weather);
    const { id } = await send(server, "weather");
    await send(server, "Oslo");
    await send(server, "fail");
    const idsOf = async (params: object): Promise<string[]> =>
      ((await rpc(server, "ListTasks", params)).result as { tasks: A2aTask[] }).tasks.map((task) => task.id);
    expect(await idsOf({ status: "TASK_STATE_INPUT_REQUIRED" })).toEqual([id]);
    expect(await idsOf({ status: "TASK_STATE_FAILED" })).toHaveLength(1);
    expect(await idsOf({ statusTimestampAfter: "2999-01-01T00:00:00Z" })).toEqual([]);
    const { result } = await rpc(server, "ListTasks", { includeArtifacts: true });
    expect((result as { tasks: A2aTask[] }).tasks.every((task) => Array.isArray(task.artifacts))).toBe(true);
    for (const wrong of [
      { pageSize: 0 },
      { pageSize: 101 },
      { status: "x" },
      { statusTimestampAfter: "x" },
      { pageToken: "x" },
    ]) {
      expect((await rpc(server, "ListTasks", wrong)).error).toMatchObject({ code: -32602 });
    }
  });
});

describe("with authentication", () => {
  const authenticate = apiKeys({ ada: { userId: "ada" }, bob: { userId: "bob" } });
  const ada = { apiKey: "ada" };
  const bob = { apiKey: "bob" };

  it("a task is its owner's alone", async () => {
    await using server = await serving(weather, { authenticate });
    const { id } = await send(server, "weather", {}, ada);
    for (const method of ["GetTask", "CancelTask", "SubscribeToTask"]) {
      expect((await rpc(server, method, { id }, bob)).error).toMatchObject({ code: -32001 });
    }
    const config = { taskId: id, id: "c", url: "https://example.com/" };
    for (const method of ["Create", "Get", "Delete"].map((verb) => `${verb}TaskPushNotificationConfig`)) {
      expect((await rpc(server, method, config, bob)).error).toMatchObject({ code: -32001 });
    }
    await expect(send(server, "Oslo", { taskId: id }, bob)).rejects.toMatchObject({ code: -32001 });
    expect((await rpc(server, "ListTasks", {}, bob)).result).toMatchObject({ tasks: [], totalSize: 0 });
    expect((await rpc(server, "ListTasks", {}, ada)).result).toMatchObject({ totalSize: 1 });
  });

  it("a context id is no way into another's session", async () => {
    const seen: string[] = [];
    const query: QueryHandler = async (_request, { session, state }) => {
      seen.push(`${session.userId} ${session.id} ${String((await state.load())?.state)}`);
      await state.save(session.userId);
      return "ok";
    };
    await using state = new InProcessState();
    await using server = await serving(query, { authenticate, services: { state } });
    await send(server, "x", { contextId: "tea" }, ada);
    await send(server, "x", { contextId: "tea" }, bob);
    await send(server, "x", { contextId: "tea" }, ada);
    expect(seen).toEqual(["ada tea undefined", "bob tea undefined", "ada tea ada"]);
  });
});

describe("what is kept", () => {
  it("is there after a restart, and on every replica", async () => {
    await using state = new InProcessState();
    await using runLog = new InProcessRunLog();
    await using topic = new InProcessTopic();
    await using leases = new InProcessLeases();
    const services = { state, runLog, topic, leases };
    let id: string;
    {
      await using server = await serving(weather, { services });
      ({ id } = await send(server, "weather"));
    }
    await using one = await serving(weather, { services });
    await using other = await serving(weather, { services });
    const following = stream(one, "SubscribeToTask", { id });
    expect((await following.next()).value).toMatchObject({ task: { status: { state: "TASK_STATE_INPUT_REQUIRED" } } });
    const done = await send(other, "Oslo", { taskId: id });
    expect(textsOf(done)).toMatchObject({ history: ["weather", "Where?", "Oslo"] });
    expect((await Array.fromAsync(following)).at(-1)).toMatchObject({
      statusUpdate: { status: { state: "TASK_STATE_COMPLETED" } },
    });
    expect((await rpc(one, "GetTask", { id })).result).toEqual(done);
  });
});
