import { execFile } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describeWithPython } from "@agentscope-runtime-tooling/testing";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { openAi } from "./index.ts";

const run = promisify(execFile);

const query: QueryHandler = async function* ({ input }, { session, signal }) {
  const last = input.at(-1);
  const [part] = last?.content ?? [];
  if (last?.type === "function_call_output") {
    yield part?.type === "data" ? `It is ${String(part.data?.["output"])}.` : "";
    return;
  }
  const text = part?.type === "text" ? (part.text ?? "") : "";
  if (text === "fail") throw new Error("No.");
  if (text === "wait") await once(signal, "abort");
  if (text === "call") {
    const call = { callId: "call_1", name: "weather", arguments: { city: "Oslo" }, kind: "function" } as const;
    yield { type: "tool.call", ...call };
  } else if (text === "before?") {
    const { items } = await session.history();
    yield items.map(({ role }) => role).join(" ");
  } else {
    yield* text.split(/(?<= )/);
  }
  yield { type: "usage", usage: { input_tokens: 1, output_tokens: 2 } };
};

const expected: Readonly<Record<string, unknown>> = {
  responses: { text: "hello", status: "completed" },
  "responses.stream": { deltas: ["one ", "two"], text: "one two" },
  "responses.parse": { value: 7 },
  "responses.previous": { text: "user assistant", previous: true },
  "responses.input_items": { texts: ["hello"] },
  "responses.compact": { types: ["compaction"] },
  "responses.delete": { gone: ["NotFoundError", 404, "not_found", null] },
  functions: { name: "weather", arguments: { city: "Oslo" }, text: "It is cold." },
  background: { begun: "in_progress", stopped: "cancelled", after: "cancelled" },
  chat: { text: "hello", reason: "stop" },
  "chat.stream": { text: "hello", usage: 3 },
  "chat.functions": { name: "weather" },
  models: { ids: ["agent"] },
  conversations: { text: "user assistant", metadata: { topic: "tea" } },
  refusals: {
    key: ["AuthenticationError", 401, "invalid_api_key", null],
    response: ["NotFoundError", 404, "not_found", null],
    previous: ["NotFoundError", 404, "previous_response_not_found", "previous_response_id"],
    body: ["BadRequestError", 400, "invalid_value", "temperature"],
    failed: "server_error",
  },
  socket: { first: "hello", second: "user assistant", lost: "previous_response_not_found" },
};

describeWithPython("OpenAI's client for Python", ["openai.resources.conversations", "websockets"], (python) => {
  const told = new Map<string, unknown>();

  beforeAll(async () => {
    const sessions = new InProcessSessionHistory();
    const app = new AgentApp({
      query,
      gateways: [openAi()],
      services: { sessions },
      resources: [sessions],
      authenticate: apiKeys({ "ada-key": { userId: "ada" } }),
    });
    await using server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 0 });
    const script = fileURLToPath(new URL("../python/ask.py", import.meta.url));
    const { stdout } = await run(python, [script, server.url]);
    for (const line of stdout.trim().split("\n")) {
      const { question, answer } = JSON.parse(line) as { readonly question: string; readonly answer: unknown };
      told.set(question, answer);
    }
  }, 60_000);

  it("gets an answer to everything", () => {
    expect([...told.keys()]).toEqual(Object.keys(expected));
  });

  it.each(Object.entries(expected))("gets what it asks for: %s", (question, answer) => {
    expect(told.get(question)).toEqual(answer);
  });
});
