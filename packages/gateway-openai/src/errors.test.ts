import { AgentApp, apiKeys, Narrator } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ErrorCode } from "@agentscope-runtime/protocol";
import OpenAI from "openai";
import { ChatTeller } from "./chat-teller.ts";
import { openAi } from "./index.ts";
import { ResponseTeller } from "./response-teller.ts";

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly error: unknown;
}

const json = { "content-type": "application/json" };
const keys = apiKeys({ "ada-key": { userId: "ada" } });
const hi = [{ role: "user", content: "hi" }];
const chat = (body: object): Call => ({ path: "/v1/chat/completions", body: JSON.stringify(body) });
const responses = (body: object): Call => ({ path: "/v1/responses", body: JSON.stringify(body) });

async function failing(query: QueryHandler, call: Call, options: Partial<AgentAppOptions> = {}): Promise<Answered> {
  const app = new AgentApp({ query, gateways: [openAi()], ...options });
  await using server = await serve(app, { port: 0, closeOnSignals: false });
  const { method = "POST", path, body, headers = json } = call;
  const answer = await fetch(server.url + path, { method, headers, ...(body === undefined ? {} : { body }) });
  const { error } = (await answer.json()) as { error: unknown };
  return { status: answer.status, headers: answer.headers, error };
}

describe("A refused request", () => {
  it.each<[string, Call, number, object]>([
    ["a body that is no JSON", { path: "/v1/responses", body: "{" }, 400, { param: null, code: "invalid_value" }],
    ["a body that is no JSON, of a completion", { path: "/v1/chat/completions", body: "{" }, 400, { param: null }],
    [
      "a body that does not say it is JSON",
      { ...chat({}), headers: { "content-type": "text/plain" } },
      400,
      { param: null },
    ],
    ["no body", { path: "/v1/responses" }, 400, {}],
    ["a wrong type", responses({ model: 7, input: "hi" }), 400, { param: "model" }],
    [
      "a wrong type inside",
      responses({ input: [{ role: "user", content: [{ type: "input_text", text: 7 }] }] }),
      400,
      { param: "input.0.content.0.text" },
    ],
    ["an unknown kind of item", responses({ input: [{ type: "teleport" }] }), 400, { param: "input.0.type" }],
    ["nothing to answer", responses({ model: "m" }), 400, { param: "input" }],
    ["a function without a name", responses({ input: "hi", tools: [{ type: "function" }] }), 400, {}],
    ["metadata that is no text", responses({ input: "hi", metadata: { a: 1 } }), 400, { param: "metadata.a" }],
    ["a conversation that no session could be called", responses({ input: "hi", conversation: "../etc" }), 400, {}],
    ["a wrong type of a completion", chat({ model: "m", messages: "hi" }), 400, { param: "messages" }],
    ["a completion without a model", chat({ messages: hi }), 400, { param: "model" }],
    ["a completion without messages", chat({ model: "m", messages: [] }), 400, { param: "messages" }],
    ["two choices", chat({ model: "m", messages: hi, n: 2 }), 400, { param: "n" }],
    [
      "a temperature that is none",
      chat({ model: "m", messages: hi, temperature: "warm" }),
      400,
      { param: "temperature" },
    ],
    ["an unknown model", { method: "GET", path: "/v1/models/none" }, 404, { param: "model", code: "model_not_found" }],
    [
      "an unknown response",
      { method: "GET", path: "/v1/responses/resp_none" },
      404,
      { code: "not_found", message: "Response with id 'resp_none' not found." },
    ],
    ["an unknown conversation", { method: "GET", path: "/v1/conversations/none" }, 404, { code: "not_found" }],
    [
      "a place in a stream that is none",
      { method: "GET", path: "/v1/responses/resp_none?starting_after=x" },
      400,
      { param: "starting_after" },
    ],
  ])("says what is wrong with %s", async (_what, call, status, error) => {
    const answer = await failing(() => "hi", call);
    expect(answer).toMatchObject({
      status,
      error: { type: "invalid_request_error", message: expect.any(String), ...error },
    });
    expect(Object.keys(answer.error as object).toSorted()).toEqual(["code", "message", "param", "type"]);
    expect(answer.headers.get("x-should-retry")).toBe("false");
  });

  it.each([responses({ input: "hi" }), chat({ model: "m", messages: hi }), { method: "GET", path: "/v1/models" }])(
    "asks who it is: $path",
    async (call) => {
      const answer = await failing(() => "hi", call, { authenticate: keys });
      expect(answer).toMatchObject({ status: 401, error: { type: "invalid_request_error", code: "invalid_api_key" } });
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    },
  );

  it("is too large", async () => {
    for (const call of [
      responses({ input: "x".repeat(5_000) }),
      chat({ model: "m", messages: [{ role: "user", content: "x".repeat(5_000) }] }),
    ]) {
      const answer = await failing(() => "hi", call, { limits: { maxBodyBytes: 1_000 } });
      expect(answer).toMatchObject({ status: 413, error: { code: "request_too_large", param: null } });
    }
  });

  it("names the methods that are allowed", async () => {
    const answer = await failing(() => "hi", { method: "PUT", path: "/v1/chat/completions" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toBe("POST");
  });

  it("may be repeated when there is no room", async () => {
    const answer = await failing(() => "hi", responses({ input: "hi" }), { limits: { maxConcurrentRuns: 0 } });
    expect(answer).toMatchObject({ status: 429, error: { type: "too_many_requests", code: "rate_limit_exceeded" } });
    expect([answer.headers.get("retry-after"), answer.headers.get("x-should-retry")]).toEqual(["1", null]);
  });
});

describe("A run that fails", () => {
  const codes: readonly [ErrorCode, number, string][] = [
    ["canceled", 499, "canceled"],
    ["deadline_exceeded", 504, "timeout"],
    ["internal", 500, "server_error"],
    ["resource_exhausted", 429, "rate_limit_exceeded"],
    ["unavailable", 503, "service_unavailable"],
    ["permission_denied", 403, "permission_denied"],
  ];

  it.each(codes)("with %s is an error of a completion", async (code, status, name) => {
    const query: QueryHandler = () => {
      throw new RuntimeError(code, "Told.");
    };
    const answer = await failing(query, chat({ model: "m", messages: hi }));
    expect(answer).toMatchObject({
      status,
      error: { code: name, message: code === "canceled" ? expect.any(String) : "Told." },
    });
  });

  it("is told once: the client does not run the agent again", async () => {
    let runs = 0;
    const app = new AgentApp({
      gateways: [openAi()],
      query: () => {
        runs += 1;
        throw new Error("secret");
      },
    });
    await using server = await serve(app, { port: 0, closeOnSignals: false });
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none" }); // Repeats twice by default.
    const question = { model: "m", messages: [{ role: "user" as const, content: "hi" }] };
    await expect(client.chat.completions.create(question)).rejects.toMatchObject({ status: 500, code: "server_error" });
    const streaming = Array.fromAsync(await client.chat.completions.create({ ...question, stream: true }));
    await expect(streaming).rejects.toMatchObject({
      code: "server_error",
      message: expect.not.stringContaining("secret"),
    });
    const response = await client.responses.create({ model: "m", input: "hi" });
    expect(response).toMatchObject({ status: "failed", error: { code: "server_error", message: "Internal error." } });
    expect(runs).toBe(3);
  });

  it("took too long, and what it said is there", async () => {
    const query: QueryHandler = async function* (_request, { signal }) {
      yield "half";
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
    };
    const app = new AgentApp({ query, gateways: [openAi()], budget: { wall_time: 50 } });
    await using server = await serve(app, { port: 0, closeOnSignals: false });
    const client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none" });
    const response = await client.responses.create({ model: "m", input: "hi" });
    expect(response).toMatchObject({
      status: "incomplete",
      incomplete_details: { reason: "wall_time" },
      output_text: "half",
    });
    const { choices } = await client.chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "hi" }],
    });
    expect(choices).toMatchObject([{ finish_reason: "length", message: { content: "half" } }]);
  });
});

describe("A stream that cannot go on", () => {
  const lost = new RuntimeError("unavailable", "The log is away.");
  const error = { type: "server_error", code: "service_unavailable", message: "The log is away.", param: null };

  it("ends with an error event and [DONE]", () => {
    const teller = new ResponseTeller({ runId: "r1", agent: "a", asked: {} });
    const begun = new Narrator({ runId: "r1", sessionId: "s1" }).begin();
    const frames = begun.map((event) => teller.tell(event)).join("") + teller.fail(lost);
    const [created, progress, failed, done, end] = frames.split("\n\n");
    expect(created).toMatch(/^event: response.created\n/);
    expect(progress).toMatch(/^event: response.in_progress\n/);
    expect(JSON.parse(failed?.replace(/^event: error\ndata: /, "") ?? "")).toEqual({
      type: "error",
      sequence_number: 2,
      error,
    });
    expect([done, end]).toEqual(["data: [DONE]", ""]);
  });

  it("ends with an error chunk and [DONE]", () => {
    expect(new ChatTeller({ id: "r1", model: "m", includeUsage: false }).fail(lost)).toBe(
      `data: ${JSON.stringify({ error: { message: error.message, type: error.type, param: null, code: error.code } })}\n\ndata: [DONE]\n\n`,
    );
  });
});
