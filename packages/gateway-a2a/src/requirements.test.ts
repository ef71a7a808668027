import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cwd, env } from "node:process";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { decodeSse } from "@agentscope-runtime/protocol";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ValidateFunction } from "ajv/dist/2020.js";
import { a2aGateway } from "./index.ts";
import type { A2aGatewayOptions, AgentCard } from "./index.ts";
import type { A2aMessage, A2aTask, StreamEvent } from "./task.ts";

interface Requirement {
  /** Where it is written. */
  readonly from: string;
  /** What it says there, where need be shortened. */
  readonly sentence: string;
}

const spec = "A2A specification 1.0";

/** What A2A 1.0 asks of a server, each with a test of the same name below, run over JSON-RPC and over HTTP+JSON. */
const requirements = {
  "answers a message with a task or a message": {
    from: `${spec}, 3.1.1`,
    sentence: "The operation MUST return immediately with either task information or a response message.",
  },
  "takes no message for a task that has ended": {
    from: `${spec}, 3.1.1`,
    sentence:
      "Messages sent to Tasks that are in a terminal state cannot accept further messages: UnsupportedOperationError.",
  },
  "takes no media type that it does not support": {
    from: `${spec}, 3.1.1`,
    sentence:
      "A Media Type provided in the request's message parts is not supported by the agent: ContentTypeNotSupportedError.",
  },
  "streams a message alone": {
    from: `${spec}, 3.1.2`,
    sentence:
      "If the agent returns a Message, the stream MUST contain exactly one Message object and then close immediately.",
  },
  "streams a task from its beginning to its end": {
    from: `${spec}, 3.1.2`,
    sentence:
      "If the agent returns a Task, the stream MUST begin with the Task object, followed by zero or more update events; the stream MUST close when the task reaches a terminal state.",
  },
  "gives the state of a task": {
    from: `${spec}, 3.1.3`,
    sentence:
      "Retrieves the current state (including status, artifacts, and optionally history) of a previously initiated task.",
  },
  "knows no task that is not there": {
    from: `${spec}, 3.1.3`,
    sentence: "TaskNotFoundError: The task ID does not exist or is not accessible.",
  },
  "lists only what the caller may see": {
    from: `${spec}, 3.1.4`,
    sentence: "The operation MUST return only tasks visible to the authenticated client.",
  },
  "lists in pages with a cursor": {
    from: `${spec}, 3.1.4`,
    sentence:
      "The operation MUST use cursor-based pagination; nextPageToken MUST always be present, and an empty string on the final page.",
  },
  "lists the latest update first": {
    from: `${spec}, 3.1.4`,
    sentence: "Tasks MUST be sorted by last update time in descending order.",
  },
  "leaves artifacts out of lists": {
    from: `${spec}, 3.1.4`,
    sentence:
      "When includeArtifacts is false (the default), the artifacts field MUST be omitted entirely from each Task object.",
  },
  "cancels a task": {
    from: `${spec}, 3.1.5`,
    sentence: "The operation attempts to cancel the specified task and returns its updated state.",
  },
  "cancels no task that has ended": {
    from: `${spec}, 3.1.5`,
    sentence:
      "TaskNotCancelableError: The task is not in a cancelable state (e.g., already completed, failed, or canceled).",
  },
  "begins a subscription with the task": {
    from: `${spec}, 3.1.6`,
    sentence: "The operation MUST return a Task object as the first event in the stream.",
  },
  "ends a subscription with the task": {
    from: `${spec}, 3.1.6`,
    sentence: "The stream MUST terminate when the task reaches a terminal state.",
  },
  "follows no task that has ended": {
    from: `${spec}, 3.1.6`,
    sentence: "UnsupportedOperationError: The operation is attempted on a task that is in a terminal state.",
  },
  "keeps push configs": {
    from: `${spec}, 3.1.7-3.1.9`,
    sentence: "The configuration MUST persist until task completion or explicit deletion.",
  },
  "knows no push config that is not there": {
    from: `${spec}, 3.1.8`,
    sentence: "The operation MUST fail if the configuration does not exist or the client lacks access.",
  },
  "deletes a push config once or twice": {
    from: `${spec}, 3.1.10`,
    sentence: "The operation MUST permanently remove the configuration. This operation MUST be idempotent.",
  },
  "shows its extended card to who is authenticated": {
    from: `${spec}, 3.1.11`,
    sentence: "The client MUST authenticate the request using one of the schemes declared in the public AgentCard.",
  },
  "waits for an end or a question": {
    from: `${spec}, 3.2.2`,
    sentence:
      "If false (default), the operation MUST wait until the task reaches a terminal or interrupted state before returning.",
  },
  "does not wait when it is told not to": {
    from: `${spec}, 3.2.2`,
    sentence:
      "If true, the operation returns immediately after creating the task, even if processing is still in progress.",
  },
  "gives no more history than is asked for": {
    from: `${spec}, 3.2.4`,
    sentence:
      "0: no history should be returned, the history field SHOULD be omitted. > 0: at most this many recent messages.",
  },
  "keeps the history in the order in which it was said": {
    from: `${spec}, 3.2.4`,
    sentence: "Task history SHOULD contain Messages in the order they were exchanged during task execution.",
  },
  "says what is wrong in its errors": {
    from: `${spec}, 3.3.2`,
    sentence:
      "All error responses MUST convey a code and a message; servers SHOULD specify which parameter(s) failed validation and why.",
  },
  "refuses what is malformed": {
    from: `${spec}, 3.3.2`,
    sentence: "Servers MUST validate all input parameters before processing.",
  },
  "refuses who is not authenticated": {
    from: `${spec}, 3.3.2`,
    sentence: "Servers MUST reject requests with invalid or missing authentication credentials.",
  },
  "does not tell a foreign task from none": {
    from: `${spec}, 3.3.2`,
    sentence: "Servers MUST NOT reveal the existence of resources the client is not authorized to access.",
  },
  "refuses push configs where it sends nothing": {
    from: `${spec}, 3.3.4`,
    sentence:
      "If pushNotifications is false, operations related to push notification configuration MUST return PushNotificationNotSupportedError.",
  },
  "refuses an extended card where there is none": {
    from: `${spec}, 3.3.4`,
    sentence: "If extendedAgentCard is false, Get Extended Agent Card MUST return UnsupportedOperationError.",
  },
  "needs the extensions that it says it needs": {
    from: `${spec}, 3.3.4`,
    sentence:
      "When the client does not declare support for a required extension, the agent MUST return ExtensionSupportRequiredError.",
  },
  "makes a context where none is given": {
    from: `${spec}, 3.4.1`,
    sentence: "The generated contextId MUST be included in the response (either Task or Message).",
  },
  "keeps a context that is given": {
    from: `${spec}, 3.4.1`,
    sentence: "Agents MUST accept and preserve client-provided contextId values if validations pass.",
  },
  "makes a new id for each task": {
    from: `${spec}, 3.4.2`,
    sentence: "Agents MUST generate a unique taskId for each new task they create.",
  },
  "knows the context of a task": {
    from: `${spec}, 3.4.3`,
    sentence: "Agents MUST infer contextId from the task if only taskId is provided, and MUST reject mismatching ones.",
  },
  "tells all streams the same": {
    from: `${spec}, 3.5.2`,
    sentence:
      "Each stream MUST receive the same events in the same order. Closing one stream MUST NOT affect other active streams.",
  },
  "lets a task outlive its stream": {
    from: `${spec}, 3.5.2`,
    sentence: "The task lifecycle is independent of any individual stream's lifecycle.",
  },
  "refuses a version that it does not speak": {
    from: `${spec}, 3.6.2`,
    sentence: "If the version is not supported, agents MUST return a VersionNotSupportedError.",
  },
  "takes no version for 0.3": {
    from: `${spec}, 3.6.2`,
    sentence: "Agents MUST interpret empty value as 0.3 version.",
  },
  "ignores the patch number of a version": {
    from: `${spec}, 3.6`,
    sentence: "Patch version numbers MUST not be considered when clients and servers negotiate protocol versions.",
  },
  "ignores fields that it does not know": {
    from: `${spec}, 5.7`,
    sentence: "Implementations SHOULD ignore unrecognized fields in messages, allowing for forward compatibility.",
  },
  "writes names, states and times as ProtoJSON does": {
    from: `${spec}, 5.5-5.6`,
    sentence: "Field names MUST be camelCase, enum values strings, timestamps ISO 8601 in UTC with a Z suffix.",
  },
  "has a card where it is looked for": {
    from: `${spec}, 8.2`,
    sentence: "A2A Servers MUST make an Agent Card available at /.well-known/agent-card.json.",
  },
  "names every interface that it has": {
    from: `${spec}, 8.3.1`,
    sentence: "Each interface MUST accurately declare its transport protocol and URL.",
  },
  "answers in the media type of the binding": {
    from: `${spec}, 9.1 and 11.1`,
    sentence: "JSON-RPC: application/json. HTTP+JSON: application/a2a+json. Streams: text/event-stream.",
  },
} as const satisfies Readonly<Record<string, Requirement>>;

type Binding = "JSONRPC" | "HTTP+JSON";

interface Said {
  /** Of HTTP. */
  readonly status: number;
  readonly contentType: string;
  readonly result: unknown;
  readonly events: readonly StreamEvent[];
  /** By A2A's reason, such as TASK_NOT_FOUND. */
  readonly reason: string | undefined;
  readonly message: string | undefined;
}

interface Asked {
  readonly apiKey?: string;
  readonly version?: string;
  readonly extensions?: string;
  readonly signal?: AbortSignal;
}

type Params = Readonly<Record<string, unknown>>;

interface Talk {
  readonly url: string;
  readonly binding: Binding;
  /** Calls an operation by its name in 1.0, and compares what comes back with the official schemas where these are at hand. */
  readonly call: (operation: string, params?: Params, asked?: Asked) => Promise<Said>;
  /** The task that a message begins or goes on with. */
  readonly send: (text: string, more?: Params, configuration?: Params, asked?: Asked) => Promise<A2aTask>;
  /** The events of a subscription as they come. */
  readonly follow: (taskId: string, signal?: AbortSignal) => AsyncGenerator<StreamEvent, void, undefined>;
}

/** The messages of the proto, by the names that the document of schemas has for them. */
function officialSchemas(): ReadonlyMap<string, ValidateFunction> {
  const path = join(env["SPECS_PATH"] ?? join(cwd(), "..", "shared", "specs"), "a2a", "a2a-v1.schema.json");
  if (!existsSync(path)) return new Map();
  const { definitions } = JSON.parse(readFileSync(path, "utf8")) as {
    readonly definitions: Readonly<Record<string, object>>;
  };
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const google = new Set(["Struct", "Timestamp", "Value"]);
  const idOf = (name: string): string =>
    `${google.has(name) ? "google.protobuf" : "lf.a2a.v1"}.${name.replaceAll(" ", "")}.jsonschema.json`;
  for (const [name, schema] of Object.entries(definitions)) ajv.addSchema(schema, idOf(name));
  return new Map(Object.keys(definitions).map((name) => [name, ajv.compile({ $ref: idOf(name) })]));
}

const schemas = officialSchemas();

function assertValid(name: string, value: unknown): void {
  const validate = schemas.get(name);
  if (validate === undefined) return;
  validate(value);
  expect([name, validate.errors ?? []]).toEqual([name, []]);
}

const replySchemas: Readonly<Record<string, string>> = {
  SendMessage: "Send Message Response",
  GetTask: "Task",
  CancelTask: "Task",
  ListTasks: "List Tasks Response",
  CreateTaskPushNotificationConfig: "Task Push Notification Config",
  GetTaskPushNotificationConfig: "Task Push Notification Config",
  ListTaskPushNotificationConfigs: "List Task Push Notification Configs Response",
  GetExtendedAgentCard: "Agent Card",
};

function rest(
  operation: string,
  params: Params,
): { readonly method: string; readonly path: string; readonly body?: Params } {
  const { id, taskId, ...others } = params as { readonly id?: string; readonly taskId?: string };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(others)) query.set(name, String(value));
  const config = `/tasks/${taskId}/pushNotificationConfigs`;
  switch (operation) {
    case "SendMessage":
      return { method: "POST", path: "/message:send", body: params };
    case "SendStreamingMessage":
      return { method: "POST", path: "/message:stream", body: params };
    case "GetTask":
      return { method: "GET", path: `/tasks/${id}?${query.toString()}` };
    case "ListTasks":
      return { method: "GET", path: `/tasks?${query.toString()}` };
    case "CancelTask":
      return { method: "POST", path: `/tasks/${id}:cancel`, body: {} };
    case "SubscribeToTask":
      return { method: "POST", path: `/tasks/${id}:subscribe` };
    case "CreateTaskPushNotificationConfig":
      return { method: "POST", path: config, body: { ...others, ...(id === undefined ? {} : { id }) } };
    case "ListTaskPushNotificationConfigs":
      return { method: "GET", path: config };
    case "GetTaskPushNotificationConfig":
      return { method: "GET", path: `${config}/${id}` };
    case "DeleteTaskPushNotificationConfig":
      return { method: "DELETE", path: `${config}/${id}` };
    default:
      return { method: "GET", path: "/extendedAgentCard" };
  }
}

async function request(
  url: string,
  binding: Binding,
  operation: string,
  params: Params,
  asked: Asked,
): Promise<Response> {
  const { apiKey, version = "1.0", extensions, signal } = asked;
  const headers: Record<string, string> = { "a2a-version": version, "content-type": "application/json" };
  if (apiKey !== undefined) headers["authorization"] = `Bearer ${apiKey}`;
  if (extensions !== undefined) headers["a2a-extensions"] = extensions;
  const { method, path, body } =
    binding === "JSONRPC"
      ? { method: "POST", path: "", body: { jsonrpc: "2.0", id: "r1", method: operation, params } }
      : rest(operation, params);
  return fetch(`${url}/a2a${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
}

interface ErrorBody {
  readonly message: string;
  readonly data?: readonly { readonly reason: string; readonly "@type": string; readonly domain: string }[];
  readonly details?: readonly { readonly reason: string; readonly "@type": string; readonly domain: string }[];
}

async function* eventsOf(answer: Response, binding: Binding): AsyncGenerator<StreamEvent, void, undefined> {
  if (answer.body === null) throw new Error("There is no body.");
  for await (const { data } of decodeSse(answer.body)) {
    const json = JSON.parse(data) as { readonly jsonrpc?: string; readonly id?: string; readonly result?: StreamEvent };
    if (binding === "JSONRPC") expect(json).toMatchObject({ jsonrpc: "2.0", id: "r1" });
    const event = (binding === "JSONRPC" ? json.result : json) as StreamEvent;
    assertValid("Stream Response", event);
    yield event;
  }
}

function talkOver(url: string, binding: Binding): Talk {
  const call: Talk["call"] = async (operation, params = {}, asked = {}) => {
    const answer = await request(url, binding, operation, params, asked);
    const { status } = answer;
    const contentType = answer.headers.get("content-type") ?? "";
    const nothing = { status, contentType, result: undefined, events: [], reason: undefined, message: undefined };
    if (contentType.startsWith("text/event-stream")) {
      return { ...nothing, events: await Array.fromAsync(eventsOf(answer, binding)) };
    }
    const text = await answer.text();
    if (text === "") return { ...nothing, result: null };
    const body = JSON.parse(text) as { readonly error?: ErrorBody; readonly result?: unknown };
    if (binding === "JSONRPC") expect(body).toMatchObject({ jsonrpc: "2.0" });
    if (body.error !== undefined) {
      const [info] = body.error.data ?? body.error.details ?? [];
      expect(info).toMatchObject({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", domain: expect.any(String) });
      return { ...nothing, reason: info?.reason, message: body.error.message };
    }
    const result = binding === "JSONRPC" ? body.result : body;
    const schema = replySchemas[operation];
    if (schema !== undefined) assertValid(schema, result);
    return { ...nothing, result };
  };
  return {
    url,
    binding,
    call,
    send: async (text, more = {}, configuration = {}, asked = {}) => {
      const { result, reason } = await call("SendMessage", toRequest(text, more, configuration), asked);
      if (reason !== undefined) throw new Error(reason);
      return (result as { readonly task: A2aTask }).task;
    },
    follow: async function* (taskId, signal) {
      yield* eventsOf(
        await request(url, binding, "SubscribeToTask", { id: taskId }, { ...(signal && { signal }) }),
        binding,
      );
    },
  };
}

function toRequest(text: string, more: Params = {}, configuration: Params = {}): Params {
  return { message: { messageId: `m-${text}`, role: "ROLE_USER", parts: [{ text }], ...more }, configuration };
}

/** Does what it is told: asks, waits until it is told to go on, fails, answers. */
const agent: QueryHandler = async function* ({ input }, { signal }) {
  const part = input.at(-1)?.content?.[0];
  const text = part?.type === "text" ? part.text : "";
  if (text === "ask") {
    yield "What?";
    yield { type: "incomplete", reason: "input_required" };
  } else if (text === "wait") {
    yield "Waiting.";
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
    });
  } else if (text === "fail") throw new Error("secret");
  else {
    yield "An";
    yield "swer.";
    yield { type: "content", content: { type: "file", file_url: "https://example.com/a.pdf", filename: "a.pdf" } };
    yield { type: "content", content: { type: "data", data: { count: 42 } } };
  }
};

interface Setting extends Partial<AgentAppOptions> {
  readonly a2a?: A2aGatewayOptions;
}

async function talking(
  binding: Binding,
  check: (talk: Talk) => Promise<void>,
  { a2a, ...options }: Setting = {},
): Promise<void> {
  const app = new AgentApp({ name: "tested", query: agent, gateways: [a2aGateway(a2a)], stopGraceMs: 50, ...options });
  await using server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 50 });
  await check(talkOver(server.url, binding));
}

type Proof = (talk: Talk) => Promise<void>;
type Proved = Proof | { readonly prove: Proof; readonly setting: Setting };

const authenticate = apiKeys({ ada: { userId: "ada" }, bob: { userId: "bob" } });
const ada = { apiKey: "ada" };
const url = "https://example.com/hook";

async function cardAt(base: string): Promise<AgentCard> {
  const answer = await fetch(`${base}/.well-known/agent-card.json`, { headers: { "a2a-version": "1.0" } });
  return (await answer.json()) as AgentCard;
}

const proofs: Readonly<Record<keyof typeof requirements, Proved>> = {
  "answers a message with a task or a message": async ({ send }) => {
    expect(await send("hi")).toMatchObject({
      id: expect.any(String),
      status: { state: "TASK_STATE_COMPLETED" },
      artifacts: [
        {
          artifactId: expect.any(String),
          parts: [
            { text: "Answer." },
            { url: "https://example.com/a.pdf", filename: "a.pdf" },
            { data: { count: 42 } },
          ],
        },
      ],
    });
  },
  "takes no message for a task that has ended": async ({ send, call }) => {
    const { id } = await send("hi");
    expect((await call("SendMessage", toRequest("more", { taskId: id }))).reason).toBe("UNSUPPORTED_OPERATION");
    expect((await call("SendStreamingMessage", toRequest("more", { taskId: id }))).reason).toBe(
      "UNSUPPORTED_OPERATION",
    );
  },
  "takes no media type that it does not support": async ({ call, url: base, binding }) => {
    const parts = [{ raw: "aGk=", mediaType: "application/x-unsupported" }];
    expect((await call("SendMessage", toRequest("x", { parts }))).reason).toBe("CONTENT_TYPE_NOT_SUPPORTED");
    const post = { method: "POST", body: "{}", headers: { "content-type": "text/plain", "a2a-version": "1.0" } };
    const text = await (await fetch(`${base}/a2a${binding === "JSONRPC" ? "" : "/message:send"}`, post)).text();
    expect(text).toContain("CONTENT_TYPE_NOT_SUPPORTED");
  },
  "streams a message alone": {
    setting: { a2a: { reply: "message" } },
    prove: async ({ call }) => {
      const { events } = await call("SendStreamingMessage", toRequest("hi"));
      expect(events).toMatchObject([{ message: { role: "ROLE_AGENT", contextId: expect.any(String) } }]);
    },
  },
  "streams a task from its beginning to its end": async ({ call }) => {
    const { events } = await call("SendStreamingMessage", toRequest("hi"));
    expect(Object.keys(events[0] ?? {})).toEqual(["task"]);
    const kinds = new Set(events.slice(1).flatMap((event) => Object.keys(event)));
    expect(kinds).toEqual(new Set(["statusUpdate", "artifactUpdate"]));
    expect(events.at(-1)).toMatchObject({ statusUpdate: { status: { state: "TASK_STATE_COMPLETED" } } });
  },
  "gives the state of a task": async ({ send, call }) => {
    const task = await send("hi");
    expect((await call("GetTask", { id: task.id })).result).toEqual(task);
  },
  "knows no task that is not there": async ({ call }) => {
    for (const operation of ["GetTask", "CancelTask", "SubscribeToTask"]) {
      const said = await call(operation, { id: "nonexistent" });
      expect([said.reason, said.status]).toEqual(["TASK_NOT_FOUND", expect.any(Number)]);
    }
    expect((await call("SendMessage", toRequest("hi", { taskId: "nonexistent" }))).reason).toBe("TASK_NOT_FOUND");
  },
  "lists only what the caller may see": {
    setting: { authenticate },
    prove: async ({ send, call }) => {
      await send("hi", {}, {}, ada);
      expect((await call("ListTasks", {}, ada)).result).toMatchObject({ totalSize: 1 });
      expect((await call("ListTasks", {}, { apiKey: "bob" })).result).toMatchObject({ tasks: [], totalSize: 0 });
    },
  },
  "lists in pages with a cursor": async ({ send, call }) => {
    for (const text of ["a", "b", "c"]) await send(text, { contextId: "tea" });
    const first = (await call("ListTasks", { contextId: "tea", pageSize: 2 })).result as {
      tasks: A2aTask[];
      nextPageToken: string;
    };
    expect([first.tasks.length, first.nextPageToken]).toEqual([2, expect.stringMatching(/./)]);
    const next = { contextId: "tea", pageSize: 2, pageToken: first.nextPageToken };
    expect((await call("ListTasks", next)).result).toMatchObject({
      tasks: [{}],
      nextPageToken: "",
      totalSize: 3,
      pageSize: 2,
    });
  },
  "lists the latest update first": async ({ send, call }) => {
    for (const text of ["a", "b"]) await send(text);
    const { tasks } = (await call("ListTasks")).result as { readonly tasks: readonly A2aTask[] };
    const times = tasks.map(({ status }) => status.timestamp ?? "");
    expect([times.length, times]).toEqual([2, times.toSorted().toReversed()]);
  },
  "leaves artifacts out of lists": async ({ send, call }) => {
    await send("hi");
    const listed = async (params: Params): Promise<unknown[]> =>
      ((await call("ListTasks", params)).result as { tasks: A2aTask[] }).tasks.map((task) => "artifacts" in task);
    expect([
      await listed({}),
      await listed({ includeArtifacts: false }),
      await listed({ includeArtifacts: true }),
    ]).toEqual([[false], [false], [true]]);
  },
  "cancels a task": async ({ send, call }) => {
    const waiting = await send("wait", {}, { returnImmediately: true });
    expect((await call("CancelTask", { id: waiting.id })).result).toMatchObject({
      id: waiting.id,
      status: { state: "TASK_STATE_CANCELED" },
    });
    const asking = await send("ask");
    expect((await call("CancelTask", { id: asking.id })).result).toMatchObject({
      id: asking.id,
      status: { state: "TASK_STATE_CANCELED" },
    });
  },
  "cancels no task that has ended": async ({ send, call }) => {
    const { id } = await send("hi");
    const said = await call("CancelTask", { id });
    expect(said.reason).toBe("TASK_NOT_CANCELABLE");
  },
  "begins a subscription with the task": async ({ send, follow }) => {
    const { id } = await send("ask");
    const leaving = new AbortController();
    const { value } = await follow(id, leaving.signal).next();
    expect(value).toMatchObject({ task: { id, status: { state: "TASK_STATE_INPUT_REQUIRED" } } });
    leaving.abort();
  },
  "ends a subscription with the task": async ({ send, follow }) => {
    const { id } = await send("ask");
    const events = follow(id);
    await events.next();
    await send("hi", { taskId: id });
    expect((await Array.fromAsync(events)).at(-1)).toMatchObject({
      statusUpdate: { status: { state: "TASK_STATE_COMPLETED" } },
    });
  },
  "follows no task that has ended": async ({ send, call }) => {
    const { id } = await send("hi");
    expect((await call("SubscribeToTask", { id })).reason).toBe("UNSUPPORTED_OPERATION");
  },
  "keeps push configs": async ({ send, call }) => {
    const { id: taskId } = await send("hi");
    const config = { taskId, id: "c1", url, token: "t", authentication: { scheme: "Bearer", credentials: "s" } };
    expect((await call("CreateTaskPushNotificationConfig", config)).result).toEqual(config);
    expect((await call("GetTaskPushNotificationConfig", { taskId, id: "c1" })).result).toEqual(config);
    expect((await call("ListTaskPushNotificationConfigs", { taskId })).result).toMatchObject({ configs: [config] });
    // One that comes with a message is one too.
    const more = await send("hi", {}, { taskPushNotificationConfig: { id: "c2", url } });
    expect((await call("ListTaskPushNotificationConfigs", { taskId: more.id })).result).toMatchObject({
      configs: [{ id: "c2", taskId: more.id, url }],
    });
  },
  "knows no push config that is not there": async ({ send, call }) => {
    const { id: taskId } = await send("hi");
    expect((await call("GetTaskPushNotificationConfig", { taskId, id: "none" })).reason).toBe("TASK_NOT_FOUND");
  },
  "deletes a push config once or twice": async ({ send, call }) => {
    const { id: taskId } = await send("hi");
    await call("CreateTaskPushNotificationConfig", { taskId, id: "c1", url });
    for (let times = 0; times < 2; times += 1) {
      expect((await call("DeleteTaskPushNotificationConfig", { taskId, id: "c1" })).reason).toBeUndefined();
    }
    expect((await call("ListTaskPushNotificationConfigs", { taskId })).result).toMatchObject({ configs: [] });
  },
  "shows its extended card to who is authenticated": {
    setting: { authenticate, a2a: { extendCard: (card) => ({ ...card, description: "More." }) } },
    prove: async ({ call }) => {
      expect((await call("GetExtendedAgentCard", {}, ada)).result).toMatchObject({ description: "More." });
      expect((await call("GetExtendedAgentCard")).status).toBe(401);
    },
  },
  "waits for an end or a question": async ({ send }) => {
    expect((await send("hi", {}, { returnImmediately: false })).status.state).toBe("TASK_STATE_COMPLETED");
    const asked = await send("ask");
    expect(asked.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
    expect((await send("hi", { taskId: asked.id })).status.state).toBe("TASK_STATE_COMPLETED");
  },
  "does not wait when it is told not to": async ({ send, call }) => {
    const { id, status } = await send("wait", {}, { returnImmediately: true });
    expect(["TASK_STATE_SUBMITTED", "TASK_STATE_WORKING"]).toContain(status.state);
    await call("CancelTask", { id });
  },
  "gives no more history than is asked for": async ({ send, call }) => {
    const { id } = await send("ask");
    await send("hi", { taskId: id });
    expect((await call("GetTask", { id, historyLength: 0 })).result).not.toHaveProperty("history");
    expect((await call("GetTask", { id, historyLength: 2 })).result).toMatchObject({ history: [{}, {}] });
    expect(await send("hi", {}, { historyLength: 0 })).not.toHaveProperty("history");
    const { events } = await call("SendStreamingMessage", toRequest("hi", {}, { historyLength: 0 }));
    expect(events[0]).not.toHaveProperty("task.history");
  },
  "keeps the history in the order in which it was said": async ({ send, call }) => {
    const { id } = await send("ask");
    await send("hi", { taskId: id });
    const { history } = (await call("GetTask", { id })).result as { readonly history: readonly A2aMessage[] };
    expect(history.map(({ role, parts }) => [role, parts])).toEqual([
      ["ROLE_USER", [{ text: "ask" }]],
      ["ROLE_AGENT", [{ text: "What?" }]],
      ["ROLE_USER", [{ text: "hi" }]],
    ]);
    expect(history[0]).toMatchObject({ messageId: "m-ask", taskId: id });
  },
  "says what is wrong in its errors": async ({ call }) => {
    const said = await call("SendMessage", { message: { messageId: "m", role: "ROLE_USER", parts: "none" } });
    expect(said).toMatchObject({ reason: "INVALID_PARAMS", message: expect.stringContaining("message.parts") });
  },
  "refuses what is malformed": async ({ call, url: base, binding }) => {
    const part = { messageId: "m", role: "ROLE_USER" };
    for (const message of [
      undefined,
      { ...part, parts: [] },
      { ...part, parts: [{ text: "a", url: "b" }] },
      { ...part, parts: [{}] },
      { ...part, parts: [{ text: "x" }], messageId: "" },
      { ...part, parts: [{ text: "x" }], role: "ROLE_NOBODY" },
      { ...part, parts: [{ text: "x" }], contextId: "no spaces" },
    ]) {
      expect((await call("SendMessage", { message })).reason).toBe("INVALID_PARAMS");
    }
    expect((await call("ListTasks", { pageSize: 1000 })).reason).toBe("INVALID_PARAMS");
    const post = { method: "POST", body: "{", headers: { "content-type": "application/json", "a2a-version": "1.0" } };
    const answer = await fetch(`${base}/a2a${binding === "JSONRPC" ? "" : "/message:send"}`, post);
    expect(await answer.text()).toContain(binding === "JSONRPC" ? "-32700" : "INVALID_ARGUMENT");
  },
  "refuses who is not authenticated": {
    setting: { authenticate },
    prove: async ({ call }) => {
      for (const asked of [{}, { apiKey: "wrong" }]) {
        expect(await call("SendMessage", toRequest("hi"), asked)).toMatchObject({
          status: 401,
          reason: "UNAUTHENTICATED",
        });
      }
    },
  },
  "does not tell a foreign task from none": {
    setting: { authenticate },
    prove: async ({ send, call }) => {
      const { id } = await send("ask", {}, {}, ada);
      for (const operation of ["GetTask", "CancelTask", "SubscribeToTask"]) {
        const [foreign, none] = await Promise.all(
          [id, "none"].map(async (taskId) => call(operation, { id: taskId }, { apiKey: "bob" })),
        );
        expect({ ...foreign, message: "" }).toEqual({ ...none, message: "" });
      }
    },
  },
  "refuses push configs where it sends nothing": {
    setting: { a2a: { push: false } },
    prove: async ({ send, call, url: base }) => {
      const { id: taskId } = await send("hi");
      for (const verb of ["Create", "Get", "List", "Delete"]) {
        const operation = `${verb}TaskPushNotificationConfig${verb === "List" ? "s" : ""}`;
        expect((await call(operation, { taskId, id: "c", url })).reason).toBe("PUSH_NOTIFICATION_NOT_SUPPORTED");
      }
      expect((await cardAt(base)).capabilities.pushNotifications).toBe(false);
    },
  },
  "refuses an extended card where there is none": async ({ call, url: base }) => {
    expect((await cardAt(base)).capabilities.extendedAgentCard).toBe(false);
    expect((await call("GetExtendedAgentCard")).reason).toBe("UNSUPPORTED_OPERATION");
  },
  "needs the extensions that it says it needs": {
    setting: { a2a: { card: { extensions: [{ uri: "urn:x", required: true }] } } },
    prove: async ({ call }) => {
      expect((await call("SendMessage", toRequest("hi"))).reason).toBe("EXTENSION_SUPPORT_REQUIRED");
      expect((await call("SendMessage", toRequest("hi"), { extensions: "urn:y, urn:x" })).reason).toBeUndefined();
    },
  },
  "makes a context where none is given": async ({ send }) => {
    expect((await send("hi")).contextId).toMatch(/./);
  },
  "keeps a context that is given": async ({ send }) => {
    expect((await send("hi", { contextId: "client-context-1" })).contextId).toBe("client-context-1");
  },
  "makes a new id for each task": async ({ send }) => {
    const tasks = [await send("hi"), await send("hi"), await send("hi", { contextId: "tea" })];
    expect(new Set(tasks.map(({ id }) => id)).size).toBe(3);
  },
  "knows the context of a task": async ({ send, call }) => {
    const { id, contextId } = await send("ask");
    const mismatch = await call("SendMessage", toRequest("hi", { taskId: id, contextId: "another" }));
    expect(mismatch.reason).toBe("INVALID_PARAMS");
    expect(await send("hi", { taskId: id })).toMatchObject({ id, contextId });
  },
  "tells all streams the same": async ({ send, follow }) => {
    const { id } = await send("ask");
    const leaving = new AbortController();
    const streams = [follow(id), follow(id), follow(id, leaving.signal)];
    for (const stream of streams) await stream.next();
    leaving.abort();
    await send("hi", { taskId: id });
    const [one, other] = await Promise.all(streams.slice(0, 2).map(async (stream) => Array.fromAsync(stream)));
    expect(one?.length).toBeGreaterThan(2);
    expect(other).toEqual(one);
  },
  "lets a task outlive its stream": async ({ url: base, binding, call, follow }) => {
    const leaving = new AbortController();
    const events = eventsOf(
      await request(base, binding, "SendStreamingMessage", toRequest("wait"), { signal: leaving.signal }),
      binding,
    );
    const { value } = await events.next();
    const { id } = (value as { readonly task: A2aTask }).task;
    leaving.abort();
    const again = follow(id);
    expect((await again.next()).value).toMatchObject({ task: { id } });
    await call("CancelTask", { id });
    expect((await Array.fromAsync(again)).at(-1)).toMatchObject({
      statusUpdate: { status: { state: "TASK_STATE_CANCELED" } },
    });
  },
  "refuses a version that it does not speak": async ({ call }) => {
    for (const version of ["99.0", "0.2", "1", "latest"]) {
      expect((await call("SendMessage", toRequest("hi"), { version })).reason).toBe("VERSION_NOT_SUPPORTED");
    }
  },
  "takes no version for 0.3": async ({ url: base, binding }) => {
    const message = { kind: "message", messageId: "m", role: "user", parts: [{ kind: "text", text: "hi" }] };
    const post = {
      method: "POST",
      headers: { "content-type": "application/json", "a2a-version": "" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "message/send", params: { message } }),
    };
    expect(await (await fetch(`${base}/a2a`, post)).json()).toMatchObject({
      result: { kind: "task", status: { state: "completed" } },
    });
    // A path or a method of 1.0 is none of 0.3.
    const answer = await request(base, binding, "SendMessage", toRequest("hi"), { version: "" });
    expect(await answer.text()).toContain("A2A-Version: 1.0");
  },
  "ignores the patch number of a version": async ({ send }) => {
    expect((await send("hi", {}, {}, { version: "1.0.1" })).status.state).toBe("TASK_STATE_COMPLETED");
  },
  "ignores fields that it does not know": async ({ call }) => {
    const { result } = await call("SendMessage", { ...toRequest("hi", { unknownField: 1 }), extra: 42 });
    expect(result).toMatchObject({ task: {} });
  },
  "writes names, states and times as ProtoJSON does": async ({ call }) => {
    const { result } = await call("SendMessage", toRequest("hi"));
    const names: string[] = [];
    JSON.stringify(result, (name, value: unknown) => {
      names.push(name);
      if (name === "timestamp") expect(value).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
      if (name === "state" || name === "role") expect(value).toMatch(/^(TASK_STATE|ROLE)_[A-Z_]+$/);
      return value;
    });
    expect(names).toEqual(expect.arrayContaining(["timestamp", "state", "role"]));
    expect(names.filter((name) => name.includes("_"))).toEqual([]);
  },
  "has a card where it is looked for": async ({ url: base }) => {
    const answer = await fetch(`${base}/.well-known/agent-card.json`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "application/json"]);
    assertValid("Agent Card", await cardAt(base));
    expect(await answer.json()).toMatchObject({
      name: "tested",
      capabilities: {},
      skills: [{}],
      supportedInterfaces: [{}, {}, {}, {}],
    });
  },
  "names every interface that it has": async ({ url: base, binding, send }) => {
    const { supportedInterfaces } = await cardAt(base);
    const { url: at } =
      supportedInterfaces.find((one) => one.protocolBinding === binding && one.protocolVersion === "1.0") ?? {};
    expect(at).toBe(`${base}/a2a`);
    await send("hi"); // It answers there.
  },
  "answers in the media type of the binding": async ({ call, binding }) => {
    const [json] = (await call("SendMessage", toRequest("hi"))).contentType.split(";");
    expect(json).toBe(binding === "JSONRPC" ? "application/json" : "application/a2a+json");
    expect((await call("SendStreamingMessage", toRequest("hi"))).contentType).toContain("text/event-stream");
    expect((await call("GetTask", { id: "none" })).contentType).toContain("application/json");
  },
};

describe("What A2A requires", () => {
  it("is tested to the last sentence", () => {
    expect(Object.keys(proofs)).toEqual(Object.keys(requirements));
    for (const { from, sentence } of Object.values(requirements)) expect([from, sentence]).not.toContain("");
  });

  describe.each<Binding>(["JSONRPC", "HTTP+JSON"])("over %s", (binding) => {
    it.each(Object.entries(proofs))("%s", async (_name, proved) => {
      expect.hasAssertions();
      const { prove, setting } = typeof proved === "function" ? { prove: proved, setting: {} } : proved;
      await talking(binding, prove, setting);
    });
  });
});

/** How A2A's errors are told over each binding: section 5.4. */
describe("Errors over the bindings", () => {
  it.each<[string, (talk: Talk) => Promise<Response>, number, number, string]>([
    [
      "TASK_NOT_FOUND",
      async ({ url: base, binding }) => request(base, binding, "GetTask", { id: "none" }, {}),
      -32001,
      404,
      "NOT_FOUND",
    ],
    [
      "TASK_NOT_CANCELABLE",
      async ({ url: base, binding, send }) => request(base, binding, "CancelTask", { id: (await send("hi")).id }, {}),
      -32002,
      400,
      "FAILED_PRECONDITION",
    ],
    [
      "UNSUPPORTED_OPERATION",
      async ({ url: base, binding }) => request(base, binding, "GetExtendedAgentCard", {}, {}),
      -32004,
      400,
      "FAILED_PRECONDITION",
    ],
    [
      "CONTENT_TYPE_NOT_SUPPORTED",
      async ({ url: base, binding }) =>
        request(base, binding, "SendMessage", toRequest("x", { parts: [{ text: "x", mediaType: "x/y" }] }), {}),
      -32005,
      400,
      "INVALID_ARGUMENT",
    ],
    [
      "VERSION_NOT_SUPPORTED",
      async ({ url: base, binding }) => request(base, binding, "SendMessage", toRequest("x"), { version: "9.9" }),
      -32009,
      400,
      "FAILED_PRECONDITION",
    ],
    [
      "INVALID_PARAMS",
      async ({ url: base, binding }) => request(base, binding, "SendMessage", {}, {}),
      -32602,
      400,
      "INVALID_ARGUMENT",
    ],
  ])("%s", async (reason, provoke, rpc, http, status) => {
    await talking("JSONRPC", async (talk) => {
      const answer = await provoke(talk);
      expect([answer.status, await answer.json()]).toMatchObject([
        200,
        { jsonrpc: "2.0", error: { code: rpc, data: [{ reason }] } },
      ]);
    });
    await talking("HTTP+JSON", async (talk) => {
      const answer = await provoke(talk);
      expect([answer.status, await answer.json()]).toMatchObject([
        http,
        { error: { code: http, status, details: [{ reason, domain: "a2a-protocol.org" }] } },
      ]);
    });
  });

  it("JSON-RPC's own, in both versions, with the id of the request", async () => {
    await talking("JSONRPC", async ({ url: base }) => {
      const post = async (body: string, version: string): Promise<unknown> => {
        const headers = { "content-type": "application/json", "a2a-version": version };
        return (await fetch(`${base}/a2a`, { method: "POST", headers, body })).json();
      };
      for (const version of ["1.0", ""]) {
        expect(await post("{", version)).toMatchObject({ id: null, error: { code: -32700 } });
        expect(await post("[]", version)).toMatchObject({ id: null, error: { code: -32600 } });
        expect(await post('{"jsonrpc":"1.0","id":7,"method":"x"}', version)).toMatchObject({
          id: 7,
          error: { code: -32600 },
        });
        expect(await post('{"jsonrpc":"2.0","id":{},"method":"x"}', version)).toMatchObject({
          id: null,
          error: { code: -32600 },
        });
        expect(await post('{"jsonrpc":"2.0","id":"a","method":"NoSuch"}', version)).toMatchObject({
          id: "a",
          error: { code: -32601 },
        });
        const method = version === "" ? "message/send" : "SendMessage";
        expect(await post(`{"jsonrpc":"2.0","id":1,"method":"${method}","params":[]}`, version)).toMatchObject({
          error: { code: -32602 },
        });
      }
      // A2A 0.3 has no details.
      const missing = '{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"id":"none"}}';
      expect(await post(missing, "")).toEqual({
        jsonrpc: "2.0",
        id: 1,
        error: { code: -32001, message: expect.any(String) },
      });
    });
  });

  it("of HTTP: too large, no room, not that agent", async () => {
    const limits = { maxBodyBytes: 2_000, maxConcurrentRuns: 1 };
    for (const binding of ["JSONRPC", "HTTP+JSON"] as const) {
      await talking(
        binding,
        async ({ call, send }) => {
          expect(await call("SendMessage", toRequest("x".repeat(3_000)))).toMatchObject({
            status: 413,
            reason: "PAYLOAD_TOO_LARGE",
          });
          const { id } = await send("wait", {}, { returnImmediately: true });
          expect(await call("SendMessage", toRequest("hi"))).toMatchObject({
            status: 429,
            reason: "RESOURCE_EXHAUSTED",
          });
          await call("CancelTask", { id });
        },
        { limits },
      );
    }
  });
});
