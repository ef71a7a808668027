import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { describeGateway } from "@agentscope-runtime/core/testing";
import type { GatewayAnswer, GatewayQuestion } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { agentResponseSchema, decodeEvents } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentRequest } from "@agentscope-runtime/protocol";
import { eventually } from "@agentscope-runtime/services/testing";
import { agentCoreGateway } from "./index.ts";

interface Invoking {
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

const session = "x-amzn-bedrock-agentcore-runtime-session-id";

async function invoke(url: string, body: unknown, { headers = {}, signal }: Invoking = {}) {
  const answer = await fetch(`${url}/invocations`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
  const { status } = answer;
  if (status !== 200 || answer.body === null) throw Object.assign(new Error(await answer.text()), { status });
  return { answer, body: answer.body };
}

async function ask({ url, text, stream = true, apiKey, signal }: GatewayQuestion): Promise<GatewayAnswer> {
  const headers = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  const { answer, body } = await invoke(url, { prompt: text, stream }, { headers, ...(signal && { signal }) });
  return { pieces: stream ? piecesOf(decodeEvents(body)) : wholeOf(await answer.json()) };
}

async function* piecesOf(events: AsyncIterable<AgentEvent>): AsyncGenerator<string> {
  let said: string | undefined;
  for await (const event of events) {
    if (event.object === "message" && event.type === "message") said = event.id;
    if (event.object === "content" && event.type === "text" && event.delta === true && event.msg_id === said)
      yield event.text ?? "";
    if (event.object === "response" && event.error !== null) throw new Error(event.error.message);
  }
}

async function* wholeOf(json: unknown): AsyncGenerator<string> {
  const { output, error } = agentResponseSchema.parse(json);
  if (error !== null) throw new Error(error.message);
  const parts = (output ?? []).filter(({ type }) => type === "message").flatMap(({ content }) => content ?? []);
  yield parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  await Promise.resolve();
}

describeGateway("AgentCore", {
  gateway: agentCoreGateway,
  serve: async (app) => serve(app, { port: 0, closeOnSignals: false, drainMs: 100 }),
  ask,
  skip: {
    "cancels a run over the protocol":
      "AgentCore has no request that cancels: a caller hangs up, or the session is stopped.",
  },
});

async function open(query: QueryHandler, options: Partial<AgentAppOptions> = {}) {
  const app = new AgentApp({ query, gateways: [agentCoreGateway()], stopGraceMs: 50, ...options });
  return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
}

async function asked(body: unknown, headers: Record<string, string>): Promise<AgentRequest | undefined> {
  let request: AgentRequest | undefined;
  await using app = await open((given) => {
    request = given;
    return "ok";
  });
  await (await invoke(app.url, body, { headers })).answer.text();
  return request;
}

it("gives the agent the platform's session and user, and what stands beside the prompt", async () => {
  const id = "0123456789abcdef0123456789abcdef01";
  const user = "x-amzn-bedrock-agentcore-runtime-user-id";
  const request = await asked({ prompt: "Hi", mood: "good", session_id: "mine" }, { [session]: id, [user]: "ada" });
  expect(request).toMatchObject({ session_id: id, user_id: "ada", mood: "good" });
  expect(request?.input[0]?.content).toMatchObject([{ type: "text", text: "Hi" }]);
});

it("takes ids that are longer than ours, each always as the same one", async () => {
  const ids = await Promise.all(
    ["a".repeat(256), "a".repeat(256), "b".repeat(256)].map(
      async (id) => (await asked({ input: [] }, { [session]: id }))?.session_id,
    ),
  );
  expect(ids[0]).toMatch(/^agentcore-[0-9a-f]{64}$/);
  expect(ids[1]).toBe(ids[0]);
  expect(ids[2]).not.toBe(ids[0]);
});

it("refuses a payload that says nothing", async () => {
  await using app = await open(() => "ok");
  for (const payload of [{}, { prompt: 7 }, [], null, "text"]) {
    await expect(invoke(app.url, payload)).rejects.toMatchObject({ status: 400 });
  }
});

it("is busy while a run is under way, also one that nobody listens to any more", async () => {
  const gate = Promise.withResolvers<undefined>();
  await using app = await open(
    async function* () {
      yield "working";
      await gate.promise;
    },
    { onDisconnect: "continue", authenticate: apiKeys({ key: { userId: "ada" } }) },
  );
  const ping = async () => (await fetch(`${app.url}/ping`)).json() as Promise<{ readonly status: string }>;
  const isWell = async () => (await ping()).status === "Healthy" || undefined;
  expect(await ping()).toEqual({ status: "Healthy", time_of_last_update: expect.any(Number) });
  const leaving = new AbortController();
  const headers = { authorization: "Bearer key" };
  const { body } = await invoke(app.url, { prompt: "Hi" }, { headers, signal: leaving.signal });
  await body.getReader().read();
  leaving.abort();
  expect(await ping()).toMatchObject({ status: "HealthyBusy" });
  gate.resolve(undefined);
  expect(await eventually(isWell)).toBe(true);
});
