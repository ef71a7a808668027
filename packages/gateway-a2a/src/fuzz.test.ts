import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { HttpReply, QueryHandler } from "@agentscope-runtime/core";
import { callHandler } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { decodeSse } from "@agentscope-runtime/protocol";
import * as fc from "fast-check";
import { a2aGateway } from "./index.ts";

const cases = 2_000;

/** Says something, and asks for more when it is told to. */
const answer: QueryHandler = function* ({ input }) {
  yield "ok";
  if (input[0]?.content?.[0]?.type === "data") yield { type: "incomplete", reason: "input_required" };
  if (input[0]?.content?.length === 2) yield { type: "approval.request", id: "a", name: "pay", arguments: {} };
};

const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
/** Mostly what it should be. A request has many of these. */
const mostly = (...good: readonly fc.Arbitrary<unknown>[]) =>
  fc.oneof({ weight: 60, arbitrary: fc.oneof(...good) }, { weight: 1, arbitrary: anything });
const text = fc.string({ unit: "binary", maxLength: 20 });
const word = mostly(fc.string({ minLength: 1, maxLength: 10 }));
/** Of tasks that are there: see `known`. */
const task = fc.constantFrom("task-0", "task-1", "task-2");
const odd = fc.oneof(fc.constantFrom("task-0~turn-2", "none", "", "..", "a/b"), text);
const id = mostly(fc.oneof({ weight: 4, arbitrary: task }, { weight: 1, arbitrary: odd }));
const contextId = mostly(fc.oneof({ weight: 4, arbitrary: fc.constantFrom("tea", "") }, { weight: 1, arbitrary: odd }));
const part = fc.oneof(
  fc.record({ text: mostly(text) }),
  fc.record({ raw: mostly(fc.base64String()), mediaType: mostly(fc.constantFrom("image/png", "text/csv", "x/y")) }),
  fc.record({ url: mostly(fc.webUrl(), text), filename: word }),
  fc.record({ data: anything, metadata: mostly(fc.object({ maxDepth: 1 })) }),
  fc.constant({ data: { approve: true } }),
);
const legacyPart = fc.oneof(
  fc.record({ kind: fc.constant("text"), text: word }),
  fc.record({
    kind: fc.constant("file"),
    file: mostly(fc.record({ uri: text }), fc.record({ bytes: fc.base64String() })),
  }),
  fc.record({ kind: fc.constant("data"), data: mostly(fc.object({ maxDepth: 1 })) }),
  fc.record({ kind: word }),
);
const config = fc.record(
  {
    id,
    url: mostly(fc.constantFrom("https://example.com/hook", "http://127.0.0.1/", "ftp://x", "http://[::1]/"), text),
    token: word,
    authentication: mostly(fc.record({ scheme: word, credentials: word })),
  },
  { requiredKeys: ["url"] },
);
const messageOf = (role: fc.Arbitrary<unknown>, parts: fc.Arbitrary<unknown>) =>
  fc.record(
    {
      messageId: word,
      role: mostly(role),
      parts: mostly(fc.array(parts, { minLength: 1, maxLength: 3 })),
      taskId: fc.oneof({ weight: 2, arbitrary: fc.constant("") }, { weight: 1, arbitrary: id }),
      contextId,
      metadata: mostly(fc.object({ maxDepth: 1 })),
    },
    { requiredKeys: ["messageId", "role", "parts"] },
  );
const historyLength = mostly(fc.integer({ min: -1, max: 3 }));
const sendParams = fc.record(
  {
    message: mostly(messageOf(fc.constantFrom("ROLE_USER", "ROLE_AGENT"), part)),
    configuration: mostly(
      fc.record(
        { historyLength, returnImmediately: mostly(fc.boolean()), acceptedOutputModes: mostly(fc.array(text)) },
        { requiredKeys: [] },
      ),
    ),
    metadata: mostly(fc.object({ maxDepth: 1 })),
  },
  { requiredKeys: ["message"] },
);
const legacySendParams = fc.record(
  {
    message: mostly(messageOf(fc.constantFrom("user", "agent"), legacyPart)),
    configuration: mostly(fc.record({ historyLength, blocking: mostly(fc.boolean()) }, { requiredKeys: [] })),
  },
  { requiredKeys: ["message"] },
);
const idParams = fc.record({ id, historyLength }, { requiredKeys: ["id"] });
const listParams = fc.record(
  {
    contextId,
    status: mostly(fc.constantFrom("TASK_STATE_COMPLETED", "TASK_STATE_INPUT_REQUIRED", "TASK_STATE_NONE")),
    pageSize: mostly(fc.integer({ min: -1, max: 120 })),
    pageToken: mostly(fc.constant("")),
    statusTimestampAfter: mostly(fc.constantFrom("2020-01-01T00:00:00Z", "yesterday")),
    includeArtifacts: mostly(fc.boolean()),
  },
  { requiredKeys: [] },
);
const pushParams = fc.record({ taskId: id, id }, { requiredKeys: ["taskId"] });
const createParams = fc.tuple(config, id).map(([given, taskId]) => ({ ...given, taskId }));

const calls = fc.oneof(
  fc.tuple(fc.constantFrom("SendMessage", "SendStreamingMessage"), sendParams),
  fc.tuple(fc.constantFrom("GetTask", "CancelTask"), idParams),
  fc.tuple(fc.constant("ListTasks"), listParams),
  fc.tuple(fc.constant("CreateTaskPushNotificationConfig"), createParams),
  fc.tuple(
    fc
      .constantFrom("Get", "Delete", "List")
      .map((verb) => `${verb}TaskPushNotificationConfig${verb === "List" ? "s" : ""}`),
    pushParams,
  ),
  fc.tuple(fc.constant("GetExtendedAgentCard"), anything),
);
const legacyCalls = fc.oneof(
  fc.tuple(fc.constantFrom("message/send", "message/stream"), legacySendParams),
  fc.tuple(fc.constantFrom("tasks/get", "tasks/cancel", "tasks/pushNotificationConfig/list"), idParams),
  fc.tuple(
    fc.constant("tasks/pushNotificationConfig/set"),
    fc.record({ taskId: id, pushNotificationConfig: mostly(config) }),
  ),
  fc.tuple(
    fc.constantFrom("tasks/pushNotificationConfig/get", "tasks/pushNotificationConfig/delete"),
    fc.record({ id, pushNotificationConfigId: id }),
  ),
);

interface Case {
  readonly version: string;
  readonly body: unknown;
}

const wrapped = (version: string, call: fc.Arbitrary<readonly [string, unknown]>): fc.Arbitrary<Case> =>
  fc.record({
    version: fc.constant(version),
    body: call.chain(([method, params]) =>
      mostly(
        fc.record(
          {
            jsonrpc: mostly(fc.constant("2.0")),
            id: mostly(fc.nat(), text, fc.constant(null)),
            method: mostly(fc.constant(method)),
            params: mostly(fc.constant(params)),
          },
          { requiredKeys: ["jsonrpc", "method"] },
        ),
      ),
    ),
  });

/** Three tasks: one that is done, one that waits for input, one that waits for an approval. */
async function seed(app: AgentApp): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const parts of [[{ text: "x" }], [{ data: {} }], [{ text: "x" }, { text: "y" }]]) {
    const body = {
      jsonrpc: "2.0",
      id: 1,
      method: "SendMessage",
      params: { message: { messageId: "m", role: "ROLE_USER", parts } },
    };
    const { body: said } = await callHandler(app.handle, { path: "/a2a", headers: { "a2a-version": "1.0" }, body });
    if (said === undefined || !("json" in said)) throw new Error("There is no task.");
    ids.push((said.json as { result: { task: { id: string } } }).result.task.id);
  }
  return ids;
}

/** The ids of tasks that few cases have had before. */
function seeds(app: AgentApp): () => Promise<readonly string[]> {
  let count = 0;
  let ids: readonly string[] = [];
  return async () => {
    if (count++ % 10 === 0) ids = await seed(app);
    return ids;
  };
}

/** Puts the ids of real tasks in the place of those that the cases name. */
function known(json: string, ids: readonly string[]): unknown {
  return JSON.parse(json.replaceAll(/task-(\d)/g, (_all, index: string) => ids[Number(index)] ?? "none"));
}

async function read({ body }: HttpReply): Promise<unknown[]> {
  if (body === undefined) return [];
  if ("json" in body) return [JSON.parse(JSON.stringify(body.json)) as unknown];
  if ("text" in body) return [JSON.parse(body.text) as unknown];
  if (!("sse" in body)) throw new Error("The reply is neither JSON nor a stream.");
  const bytes = (async function* () {
    for await (const frame of body.sse) yield new TextEncoder().encode(frame);
  })();
  return (await Array.fromAsync(decodeSse(bytes))).map(({ data }) => JSON.parse(data) as unknown);
}

it("answers whatever JSON-RPC it is sent, in both versions, in the protocol's words and never with a 5xx", async () => {
  await using app = new AgentApp({ query: answer, gateways: [a2aGateway({ push: { timeoutMs: 1 } })] });
  await app.start();
  const idsOf = seeds(app);
  let [good, bad] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        { weight: 20, arbitrary: wrapped("1.0", calls) },
        { weight: 10, arbitrary: wrapped("", legacyCalls) },
        { weight: 1, arbitrary: fc.record({ version: text, body: anything }) },
      ),
      async ({ version, body }) => {
        const ids = await idsOf();
        const headers = { "a2a-version": version, "content-type": "application/json" };
        const reply = await callHandler(app.handle, { path: "/a2a", headers, body: known(JSON.stringify(body), ids) });
        expect(reply.status).toBeLessThan(500);
        for (const said of await read(reply)) {
          expect(said).toMatchObject({ jsonrpc: "2.0" });
          const { error } = said as { readonly error?: { readonly code: number; readonly message: string } };
          if (error === undefined) good += 1;
          else {
            bad += 1;
            expect(error).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
            expect(error.code).not.toBe(-32603);
          }
        }
      },
    ),
    { numRuns: cases },
  );
  // Neither all refused nor all accepted: both sides were reached.
  expect(good).toBeGreaterThan(cases / 10);
  expect(bad).toBeGreaterThan(cases / 10);
}, 120_000);

function queryOf(params: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) query.set(name, String(value));
  return query.toString();
}

const restCall = fc.oneof(
  fc.record({
    method: fc.constant("POST"),
    path: fc.constantFrom("/message:send", "/message:stream"),
    body: mostly(sendParams),
  }),
  fc.record({ method: fc.constant("GET"), path: id.map((given) => `/tasks/${encodeURIComponent(String(given))}`) }),
  fc.record({
    method: fc.constantFrom("GET", "POST"),
    path: fc
      .tuple(id, fc.constantFrom(":cancel", ":what", "%3Acancel"))
      .map(([given, verb]) => `/tasks/${encodeURIComponent(String(given))}${verb}`),
  }),
  fc.record({
    method: fc.constant("GET"),
    path: listParams.map((params) => `/tasks?${queryOf(params)}`),
  }),
  fc.record({
    method: fc.constantFrom("POST", "GET"),
    path: fc.constant("/tasks/task-0/pushNotificationConfigs"),
    body: mostly(config),
  }),
  fc.record({
    method: fc.constantFrom("GET", "DELETE"),
    path: id.map((given) => `/tasks/task-0/pushNotificationConfigs/${encodeURIComponent(String(given))}`),
  }),
);

it("answers whatever HTTP+JSON it is sent in the protocol's words, and never with a 5xx", async () => {
  await using app = new AgentApp({ query: answer, gateways: [a2aGateway({ push: { timeoutMs: 1 } })] });
  await app.start();
  const idsOf = seeds(app);
  await fc.assert(
    fc.asyncProperty(
      restCall,
      fc.oneof({ weight: 10, arbitrary: fc.constant("1.0") }, { weight: 1, arbitrary: text }),
      async (call, version) => {
        const ids = await idsOf();
        const { method, path, body } = known(JSON.stringify({ body: undefined, ...call }), ids) as {
          readonly method: string;
          readonly path: string;
          readonly body?: unknown;
        };
        const headers = { "a2a-version": version, "content-type": "application/json" };
        if (path.startsWith("/tasks/?") || /\/(?:\?|$)/.test(path)) return; // No path of the protocol.
        const reply = await callHandler(app.handle, { method, path: `/a2a${path}`, headers, body });
        expect(reply.status).toBeLessThan(500);
        const said = await read(reply);
        if (reply.status < 400) return;
        expect(said).toMatchObject([
          {
            error: {
              code: reply.status,
              status: expect.any(String),
              message: expect.any(String),
              details: [{ reason: expect.any(String) }],
            },
          },
        ]);
      },
    ),
    { numRuns: cases },
  );
}, 120_000);

it("answers whatever comes over the wire, in body and headers, and goes on", async () => {
  const app = new AgentApp({
    query: answer,
    gateways: [a2aGateway()],
    authenticate: apiKeys({ key: { userId: "ada" } }),
    limits: { maxBodyBytes: 2_000 },
  });
  await using server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  const good = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "SendMessage",
    params: { message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "Hi" }] } },
  });
  const header = fc.string({ unit: fc.constantFrom(..."abc/*;=,.q01+ ".split("")), maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 3_000 }),
        fc.nat(good.length).map((length) => good.slice(0, length)),
        fc.tuple(fc.nat(good.length), text).map(([at, more]) => good.slice(0, at) + more + good.slice(at)),
      ),
      fc.record({
        accept: header,
        "content-type": fc.oneof(header, fc.constant("application/json")),
        "a2a-version": fc.oneof(header, fc.constantFrom("1.0", "")),
        "a2a-extensions": header,
      }),
      fc.constantFrom("Bearer key", "Bearer no", ""),
      fc.constantFrom("", "/message:send", "/message:stream"),
      async (body, headers, authorization, path) => {
        const answered = await fetch(`${server.url}/a2a${path}`, {
          method: "POST",
          body: typeof body === "string" ? body : Buffer.from(body),
          headers: { ...headers, authorization },
        });
        expect(answered.status).toBeLessThan(500);
        expect((await answered.arrayBuffer()).byteLength).toBeGreaterThan(0);
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);
