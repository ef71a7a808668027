import { z } from "zod";
import { agentRequestSchema } from "./agent-request.ts";
import type { AgentRequestInput } from "./agent-request.ts";
import { parse } from "./parse.ts";

function refusalOf(body: unknown): unknown {
  try {
    return parse(agentRequestSchema, body, "request");
  } catch (error) {
    return error;
  }
}

describe("agentRequestSchema", () => {
  it("needs nothing but the input", () => {
    const body: AgentRequestInput = { input: [{ role: "user", content: [{ type: "text", text: "Hello" }] }] };
    expect(parse(agentRequestSchema, body, "request")).toEqual({
      input: [
        {
          sequence_number: null,
          object: "message",
          status: "created",
          error: null,
          id: expect.stringMatching(/^msg_/),
          type: "message",
          role: "user",
          content: [
            {
              sequence_number: null,
              object: "content",
              status: null,
              error: null,
              type: "text",
              index: null,
              delta: false,
              msg_id: null,
              text: "Hello",
            },
          ],
          code: null,
          message: null,
          usage: null,
          metadata: null,
        },
      ],
      stream: true,
      id: null,
      session_id: null,
      user_id: null,
      on_disconnect: null,
      multitask_strategy: null,
      budget: null,
      model: null,
      temperature: null,
      top_p: null,
      frequency_penalty: null,
      presence_penalty: null,
      max_tokens: null,
      stop: null,
      n: 1,
      seed: null,
      tools: null,
    });
  });

  it("takes what the Python client sends, which leaves nulls out", () => {
    const message = {
      object: "message",
      status: "created",
      id: "msg_5e0c3b6e-0000-4000-8000-000000000000",
      type: "message",
      role: "user",
      content: [{ object: "content", type: "text", delta: false, text: "What is 2 + 2?" }],
    };
    const body = {
      input: [message],
      stream: true,
      n: 1,
      session_id: "s1",
      temperature: 0.5,
      stop: ["\n"],
      max_tokens: 9,
    };
    expect(parse(agentRequestSchema, body, "request")).toMatchObject(body);
  });

  it("takes what the web page sends, and keeps the fields that only an agent knows", () => {
    const content = [
      { type: "text", text: "What is this?", status: "created" },
      { type: "image", image_url: "data:image/png;base64,AAAA" },
      { type: "file", file_url: "https://a.example/b.pdf", file_name: "b.pdf", file_size: 3 },
    ];
    const body = {
      input: [{ role: "user", type: "message", content }],
      session_id: "1745000000000",
      stream: true,
      biz_params: { tenant: "acme", nested: [1] },
    };
    const request = parse(agentRequestSchema, body, "request");
    expect(request).toMatchObject({ session_id: "1745000000000", biz_params: { tenant: "acme", nested: [1] } });
    expect(request.input[0]?.content).toMatchObject([
      { type: "text", text: "What is this?", status: "created" },
      { type: "image", image_url: "data:image/png;base64,AAAA" },
      { type: "file", file_url: "https://a.example/b.pdf", file_name: "b.pdf", filename: null },
    ]);
  });

  it("takes a person's answer to an approval request", () => {
    const data = { approve: false, id: "a1", approval_request_id: "a1", reason: "Too dear." };
    const answer = { type: "mcp_approval_response", role: "user", content: [{ type: "data", data }] } as const;
    const { input } = parse(agentRequestSchema, { input: [answer] }, "request");
    expect(input).toMatchObject([answer]);
  });

  it("takes null for anything that may be left out", () => {
    const names = Object.keys(agentRequestSchema.shape).filter((name) => name !== "input");
    const nulls = Object.fromEntries(names.map((name) => [name, null]));
    expect(parse(agentRequestSchema, { input: [], ...nulls }, "request")).toEqual({ input: [], ...nulls });
  });

  it("hands tools on as they are, with every keyword of their JSON Schema", () => {
    const parameters = {
      type: "object",
      properties: { city: { $ref: "#/$defs/city" } },
      required: ["city"],
      additionalProperties: false,
      $defs: { city: { type: "string" } },
    };
    const tools = [
      { type: "function", function: { name: "weather", description: "Weather.", parameters, strict: true } },
      { type: "function", function: { name: "bare" } },
      { type: "web_search", function: null, max_results: 3 },
    ];
    expect(parse(agentRequestSchema, { input: [], tools }, "request").tools).toEqual(tools);
  });

  it.each(["cancel", "continue", { grace: 1 }, { grace: 86_400_000 }])("takes on_disconnect %j", (mode) => {
    expect(parse(agentRequestSchema, { input: [], on_disconnect: mode }, "request").on_disconnect).toEqual(mode);
  });

  it.each([
    ["input", {}],
    ["", []],
    ["", null],
    ["input", { input: "Hello" }],
    ["input.0.role", { input: [{ role: "bot" }] }],
    ["input.0.content", { input: [{ content: "Hello" }] }],
    ["input.1.content.0.type", { input: [{}, { content: [{ type: "hologram" }] }] }],
    ["input.0.content.0.text", { input: [{ content: [{ type: "text", text: 5 }] }] }],
    ["input.0.content.0.index", { input: [{ content: [{ type: "text", index: -1 }] }] }],
    ["stream", { input: [], stream: "yes" }],
    ["id", { input: [], id: "../../etc/passwd" }],
    ["session_id", { input: [], session_id: "" }],
    ["user_id", { input: [], user_id: "a".repeat(129) }],
    ["n", { input: [], n: 6 }],
    ["max_tokens", { input: [], max_tokens: 1.5 }],
    ["on_disconnect", { input: [], on_disconnect: "explode" }],
    ["on_disconnect.grace", { input: [], on_disconnect: { grace: 0 } }],
    ["on_disconnect.grace", { input: [], on_disconnect: { grace: 86_400_001 } }],
  ])("names %j when it refuses %j", (path, body) => {
    expect(refusalOf(body)).toMatchObject({
      code: "invalid_argument",
      details: { issues: expect.arrayContaining([{ path, message: expect.any(String) }]) },
    });
  });

  it.each(["input", "output"] as const)("has a JSON Schema of its %s that is the same each time", (io) => {
    const schema = z.toJSONSchema(agentRequestSchema, { io });
    expect(schema).toMatchObject({ type: "object", properties: { session_id: {} } });
    expect(JSON.stringify(z.toJSONSchema(agentRequestSchema, { io }))).toBe(JSON.stringify(schema));
  });

  it("asks a caller for nothing but the input in its JSON Schema", () => {
    const schema = z.toJSONSchema(agentRequestSchema, { io: "input" });
    expect(schema.required).toEqual(["input"]);
    expect(schema.properties).toMatchObject({ input: { items: { type: "object" } } });
    expect(schema.properties).not.toMatchObject({ input: { items: { required: expect.anything() } } });
  });
});
