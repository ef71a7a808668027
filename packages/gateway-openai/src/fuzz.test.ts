import { AgentApp } from "@agentscope-runtime/core";
import type { HttpReply } from "@agentscope-runtime/core";
import { callHandler } from "@agentscope-runtime/core/testing";
import type { HandlerCall } from "@agentscope-runtime/core/testing";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import * as fc from "fast-check";
import { openAi } from "./index.ts";

const numRuns = 2_000;
const anything = fc.jsonValue({ maxDepth: 3 });

/** Mostly what belongs there, now and then anything. */
function mostly<T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 30, arbitrary: right }, { weight: 1, arbitrary: anything });
}

/** Fields that are mostly there, and mostly right. */
function shape(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  const loose = Object.entries(fields).map(([name, value]) => {
    const held = mostly(value).map((one) => ({ [name]: one }));
    return fc.oneof({ weight: 20, arbitrary: held }, { weight: 1, arbitrary: fc.constant({}) });
  });
  return fc.tuple(...loose).map((all) => Object.assign({}, ...all) as unknown);
}

/** What a request needs, and a few of the fields that it may have. */
function request(
  needed: Readonly<Record<string, fc.Arbitrary<unknown>>>,
  optional: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<unknown> {
  const some = fc
    .subarray(Object.keys(optional), { maxLength: 3 })
    .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, mostly(optional[name] ?? anything)]))));
  return fc.tuple(shape(needed), some).map((fields) => Object.assign({}, ...fields) as unknown);
}

const text = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("", "\u0000", "__proto__", "\ud800"));
const role = fc.constantFrom("user", "assistant", "system", "developer", "tool", "function");
const parts = fc.array(
  mostly(
    shape({
      type: fc.constantFrom(
        "text",
        "input_text",
        "output_text",
        "refusal",
        "image_url",
        "input_image",
        "input_file",
        "file",
        "input_audio",
        "input_video",
      ),
      text,
      refusal: text,
      image_url: fc.oneof(text, shape({ url: text })),
      input_audio: shape({ data: text, format: text }),
      file: shape({ file_id: text, file_data: text }),
      file_data: text,
      file_id: text,
      video_url: text,
    }),
  ),
  { maxLength: 3 },
);
const common = {
  model: text,
  stream: fc.boolean(),
  temperature: fc.double(),
  metadata: fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true }),
  tools: fc.array(
    shape({ type: fc.constantFrom("function", "mcp"), name: text, parameters: anything, function: anything }),
    { maxLength: 2 },
  ),
  tool_choice: fc.oneof(text, shape({ type: text, name: text })),
  session_id: text,
  user_id: text,
  on_disconnect: fc.constantFrom("cancel", "continue"),
  budget: shape({ tokens: fc.integer(), wall_time: fc.integer({ min: 1, max: 5 }) }),
  multitask_strategy: fc.constantFrom("reject", "enqueue", "interrupt", "rollback", { merge: 1 }),
};
const messages = fc.array(
  mostly(
    shape({
      role,
      content: fc.oneof(text, parts),
      tool_calls: fc.array(shape({ id: text, type: text, function: shape({ name: text, arguments: text }) })),
      tool_call_id: text,
    }),
  ),
  { maxLength: 3 },
);
const chatBody = request(
  { model: fc.string({ minLength: 1 }), messages },
  {
    ...common,
    n: fc.integer({ min: 0, max: 3 }),
    stream_options: shape({ include_usage: fc.boolean() }),
    max_tokens: fc.integer(),
  },
);
const input = fc.oneof(
  text,
  fc.array(
    mostly(
      shape({
        type: fc.constantFrom(
          "message",
          "reasoning",
          "function_call",
          "function_call_output",
          "custom_tool_call",
          "mcp_call",
          "mcp_list_tools",
          "mcp_approval_request",
          "mcp_approval_response",
          "item_reference",
          "compaction",
        ),
        role,
        content: fc.oneof(text, parts),
        id: fc.oneof(text, fc.constantFrom("msg_o0_resp_x", "msg_i99_r")),
        call_id: text,
        name: text,
        arguments: text,
        input: text,
        output: fc.oneof(text, parts),
        summary: parts,
        server_label: text,
        tools: fc.array(anything, { maxLength: 2 }),
        approval_request_id: text,
        approve: fc.boolean(),
        error: anything,
      }),
    ),
    { maxLength: 3 },
  ),
);
const responseBody = request(
  { input },
  {
    ...common,
    instructions: text,
    previous_response_id: text,
    conversation: fc.oneof(text, shape({ id: text })),
    store: fc.boolean(),
    background: fc.boolean(),
    include: fc.array(text, { maxLength: 2 }),
    text: shape({ format: shape({ type: text }) }),
    reasoning: shape({ effort: text, summary: text }),
    top_logprobs: fc.integer(),
  },
);
const conversationBody = shape({
  items: fc.array(shape({ role, content: text }), { maxLength: 2 }),
  metadata: common.metadata,
});

async function withApp(check: (app: AgentApp) => Promise<void>): Promise<void> {
  const sessions = new InProcessSessionHistory();
  await using app = new AgentApp({
    query: () => ["hi", { type: "tool.call", callId: "1", name: "f", arguments: {}, kind: "function" }],
    gateways: [openAi()],
    services: { sessions },
    resources: [sessions],
    stopGraceMs: 50,
  });
  await app.start();
  await check(app);
}

/** The status, once the reply was read to its end. A stream must not end with a failure of ours. */
async function statusOf(app: AgentApp, call: HandlerCall): Promise<number> {
  const reply: HttpReply = await callHandler(app.handle, call);
  const { status, body } = reply;
  if (body !== undefined && "sse" in body) {
    const frames = (await Array.fromAsync(body.sse)).join("");
    expect(frames).toMatch(/data: \[DONE\]\n\n$/);
    expect(frames).not.toContain('"server_error"');
  } else if (body !== undefined && "json" in body && status >= 400) {
    expect(body.json).toMatchObject({
      error: { message: expect.any(String), type: expect.any(String), code: expect.any(String) },
    });
  }
  return status;
}

describe("Any body at all is answered, and never with a failure of the server", () => {
  it.each([
    ["/v1/chat/completions", fc.oneof(chatBody, anything)],
    ["/v1/responses", fc.oneof(responseBody, anything)],
    ["/v1/conversations", fc.oneof(conversationBody, anything)],
  ])(
    "at %s",
    async (path, bodies) => {
      await withApp(async (app) => {
        const seen = new Map<number, number>();
        await fc.assert(
          fc.asyncProperty(bodies, async (body) => {
            const status = await statusOf(app, { path, body });
            seen.set(status, (seen.get(status) ?? 0) + 1);
            expect(status).toBeLessThan(500);
          }),
          { numRuns },
        );
        // Neither was everything refused nor everything taken.
        expect(seen.get(200)).toBeGreaterThan(numRuns / 50);
        expect(seen.get(400)).toBeGreaterThan(numRuns / 50);
      });
    },
    60_000,
  );

  it("at the paths of responses that are there or not", async () => {
    await withApp(async (app) => {
      const { body } = await callHandler(app.handle, { path: "/v1/responses", body: { input: "hi" } });
      const known = body !== undefined && "json" in body ? (body.json as { id: string }).id : "";
      const ids = fc.oneof(
        fc.constant(known),
        text.filter((id) => id !== "").map((id) => encodeURIComponent(id.toWellFormed())),
      );
      const query = fc.oneof(
        fc.constantFrom("", "?stream=true", "?stream=true&starting_after=3", "?limit=1&order=asc"),
        fc.string().map((search) => `?${encodeURI(search.toWellFormed())}`),
      );
      const paths = fc
        .tuple(ids, fc.constantFrom("", "/input_items"), query)
        .map(([id, rest, search]) => `/v1/responses/${id}${rest}${search}`);
      await fc.assert(
        fc.asyncProperty(paths, async (path) => {
          expect(await statusOf(app, { method: "GET", path })).toBeLessThan(500);
        }),
        { numRuns },
      );
    });
  }, 60_000);
});
