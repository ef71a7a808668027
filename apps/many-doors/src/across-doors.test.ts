import { serve } from "@agentscope-runtime/express";
import type { Server } from "@agentscope-runtime/express";
import { manyDoorsApp } from "./many-doors-app.ts";

const forever = "Count to 1000000";
const a2a = { "A2A-Version": "1.0" };
const user = { role: "user", content: [{ type: "text", text: forever }] };

interface Question {
  readonly path: string;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a run begins at each door, as a stream that stays open. */
const beginnings: Readonly<Record<string, () => Question>> = {
  "our own wire": () => ({ path: "/process", body: { input: [user] } }),
  Responses: () => ({ path: "/v1/responses", body: { model: "many-doors", input: forever, stream: true } }),
  "Chat Completions": () => ({
    path: "/v1/chat/completions",
    body: { model: "many-doors", messages: [{ role: "user", content: forever }], stream: true },
  }),
  A2A: () => ({
    path: "/a2a/message:stream",
    headers: a2a,
    body: { message: { messageId: crypto.randomUUID(), role: "ROLE_USER", parts: [{ text: forever }] } },
  }),
  "AG-UI": () => ({
    path: "/ag-ui",
    headers: { accept: "text/event-stream" },
    body: {
      threadId: crypto.randomUUID(),
      runId: crypto.randomUUID(),
      state: {},
      messages: [{ id: "m", role: "user", content: forever }],
      tools: [],
      context: [],
      forwardedProps: {},
    },
  }),
  AgentCore: () => ({ path: "/invocations", body: { prompt: forever } }),
};

/** Where a run is joined in the middle: a request for its events behind the first ones. */
const joinings: Readonly<Record<string, (id: string) => Omit<RequestInit, "signal"> & { readonly path: string }>> = {
  "our own wire": (id) => ({ path: `/runs/${id}/events?after=4` }),
  Responses: (id) => ({ path: `/v1/responses/${id}?stream=true&starting_after=8` }),
  A2A: (id) => ({ path: `/a2a/tasks/${id}:subscribe`, method: "POST", headers: a2a }),
};

const cancelings: Readonly<Record<string, (id: string) => { readonly path: string; readonly headers?: typeof a2a }>> = {
  "our own wire": (id) => ({ path: `/runs/${id}/cancel` }),
  Responses: (id) => ({ path: `/v1/responses/${id}/cancel` }),
  A2A: (id) => ({ path: `/a2a/tasks/${id}:cancel`, headers: a2a }),
};

/** What every door says of a run that was canceled. */
const canceled: Readonly<Record<string, readonly [(id: string) => string, RegExp]>> = {
  "our own wire": [(id) => `/runs/${id}`, /"status":"canceled"/],
  Responses: [(id) => `/v1/responses/${id}`, /"status":"cancelled"/],
  A2A: [(id) => `/a2a/tasks/${id}`, /TASK_STATE_CANCELED/],
};

let server: Server;
beforeAll(async () => {
  server = await serve(manyDoorsApp(), { port: 0, closeOnSignals: false, drainMs: 0 });
});
afterAll(async () => server[Symbol.asyncDispose]());

/** Reads until the agent has counted so far. Leaves the stream open. */
async function counted(answer: Response, number: number): Promise<{ readonly text: string; rest(): Promise<string> }> {
  const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const read = async (): Promise<boolean> => {
    const { value = "", done = true } = (await reader?.read()) ?? {};
    text += value;
    return !done;
  };
  while (!text.includes(`${number} `) && (await read()));
  return {
    text,
    rest: async () => {
      while (await read());
      return text;
    },
  };
}

async function begin({ path, body, headers = {} }: Question): Promise<Response> {
  const stream = await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  expect(stream.status).toBe(200);
  return stream;
}

const pairs = Object.keys(beginnings).flatMap((from) => Object.keys(joinings).map((at) => [from, at] as const));

it.each(pairs)("a run that began at %s is resumed and canceled at %s", async (from, at) => {
  const stream = await begin(beginnings[from]?.() ?? { path: "", body: {} });
  const first = await counted(stream, 3);
  // Where no header says it, the first event does.
  const id = stream.headers.get("x-run-id") ?? /"id":"([^"]+)"/.exec(first.text)?.[1] ?? "";
  const { path, ...request } = joinings[at]?.(id) ?? { path: "" };
  const joined = await fetch(server.url + path, request);
  expect(joined.status).toBe(200);
  const second = await counted(joined, 5);
  expect(second.text).toContain("5 ");

  const canceling = cancelings[at]?.(id) ?? { path: "" };
  const headers = { "content-type": "application/json", ...canceling.headers };
  const answer = await fetch(server.url + canceling.path, { method: "POST", headers, body: "{}" });
  expect(answer.status).toBe(200);
  // Both streams end, and every door knows why.
  await Promise.all([first.rest(), second.rest()]);
  for (const [pathOf, says] of Object.values(canceled)) {
    expect(await (await fetch(server.url + pathOf(id), { headers: a2a })).text()).toMatch(says);
  }
});
