import { z } from "zod";
import { agentEventSchema, unreachable } from "./agent-event.ts";
import type { AgentEvent } from "./agent-event.ts";
import { contentSchema } from "./content.ts";

/** Compiles only while every kind has a case: that it exists is half of the test. */
function gist(event: AgentEvent): string {
  switch (event.object) {
    case "response":
      return `response ${event.id}`;
    case "message":
      return `message ${event.type}`;
    case "content":
      switch (event.type) {
        case "text":
          return `text ${event.text}`;
        case "image":
          return `image ${event.image_url}`;
        case "data":
          return `data ${Object.keys(event.data ?? {}).join()}`;
        case "audio":
          return `audio ${event.format} ${event.data}`;
        case "video":
          return `video ${event.video_url}`;
        case "file":
          return `file ${event.filename} ${event.file_url}`;
        case "refusal":
          return `refusal ${event.refusal}`;
        default:
          return unreachable(event);
      }
    default:
      return unreachable(event);
  }
}

function forgetful(event: AgentEvent): string {
  if (event.object !== "content") return event.id;
  // @ts-expect-error a content is left here, so this must not compile
  return unreachable(event);
}

describe("agentEventSchema", () => {
  it.each([
    [{ object: "response", id: "r1", created_at: 1 }, "response r1"],
    [{ object: "message", type: "reasoning" }, "message reasoning"],
    [{ object: "content", type: "text", text: "hi" }, "text hi"],
    [{ object: "content", type: "image", image_url: "https://a.example/b.png" }, "image https://a.example/b.png"],
    [{ object: "content", type: "data", data: { call_id: "c" } }, "data call_id"],
    [{ object: "content", type: "audio", data: "UklG", format: "wav" }, "audio wav UklG"],
    [{ object: "content", type: "video", video_url: "https://a.example/b.mp4" }, "video https://a.example/b.mp4"],
    [
      { object: "content", type: "file", filename: "a.pdf", file_url: "https://a.example" },
      "file a.pdf https://a.example",
    ],
    [{ object: "content", type: "refusal", refusal: "No." }, "refusal No."],
  ])("tells kinds apart by object, then by type: %j", (value, expected) => {
    expect(gist(agentEventSchema.parse(value))).toBe(expected);
  });

  it("fills in every field of the Python wire, null where nothing was said", () => {
    const common = { sequence_number: null, status: "created", error: null, usage: null };
    const message = { ...common, object: "message", id: "m", type: "message", role: null, content: null };
    expect(agentEventSchema.parse({ object: "message", id: "m" })).toEqual({
      ...message,
      code: null,
      message: null,
      metadata: null,
    });
    expect(agentEventSchema.parse({ object: "response", id: "r", created_at: 5 })).toEqual({
      ...common,
      object: "response",
      id: "r",
      created_at: 5,
      completed_at: null,
      output: null,
      session_id: null,
      incomplete_details: null,
    });
    expect(contentSchema.parse({ type: "text" })).toEqual({
      sequence_number: null,
      object: "content",
      status: null,
      error: null,
      type: "text",
      index: null,
      delta: false,
      msg_id: null,
      text: null,
    });
  });

  it("gives each message that has no id another one", () => {
    const [first, second] = [
      agentEventSchema.parse({ object: "message" }),
      agentEventSchema.parse({ object: "message" }),
    ];
    expect(first).toMatchObject({ id: expect.stringMatching(/^msg_[0-9a-f-]{36}$/) });
    expect(second).not.toEqual(first);
  });

  it("keeps what a provider adds to usage, and takes null for a count", () => {
    const usage = { input_tokens: 1, output_tokens: null, cached: { read: 2 } };
    expect(agentEventSchema.parse({ object: "message", usage })).toMatchObject({ usage });
  });

  it.each([
    ["an unknown object", { object: "trace", id: "r", created_at: 1 }],
    ["no object", { id: "r", created_at: 1 }],
    ["a content of no type", { object: "content", text: "hi" }],
    ["a status that does not exist", { object: "message", status: "cancelled" }],
    ["a negative number", { object: "message", sequence_number: -1 }],
    ["a part of an unknown type inside of a message", { object: "message", content: [{ type: "hologram" }] }],
  ])("refuses %s", (_, value) => {
    expect(agentEventSchema.safeParse(value).success).toBe(false);
  });

  it.each(["input", "output"] as const)("has a JSON Schema of its %s that is the same each time", (io) => {
    const schema = JSON.stringify(z.toJSONSchema(agentEventSchema, { io }));
    expect(JSON.parse(schema)).toMatchObject({ oneOf: expect.arrayContaining([expect.any(Object)]) });
    expect(JSON.stringify(z.toJSONSchema(agentEventSchema, { io }))).toBe(schema);
  });
});

describe("unreachable", () => {
  it("does not compile where a kind was forgotten, and throws where it is reached all the same", () => {
    expect(() => forgetful(agentEventSchema.parse({ object: "content", type: "text" }))).toThrow(/^Unhandled value: /);
  });
});
