import * as fc from "fast-check";
import type { AgentEvent } from "./agent-event.ts";
import type { AgentResponse } from "./agent-response.ts";
import type { Content } from "./content.ts";
import { decodeEvents } from "./decode-events.ts";
import { encodeEvent, encodeFrame, EventEncoder } from "./encode-event.ts";
import type { Message } from "./message.ts";
import { messageTypeSchema } from "./message.ts";
import { roleSchema } from "./role.ts";
import { runStatusSchema } from "./run-status.ts";

const nullable = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { nil: null });

/** Any text: all planes of Unicode, control characters, and halves of surrogate pairs. */
const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 }).map((codes) => String.fromCharCode(...codes)),
  fc.constantFrom("\n\n", "\r\ndata: x\r\n", "\u2028\u2029", '"}\n\n', "😀", "[DONE]"),
);
const text = nullable(anyText);

/** What JSON can say; it has no negative zero. */
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
const jsonRecord = fc.dictionary(
  anyText.filter((key) => key !== "__proto__"),
  json,
  { maxKeys: 4, noNullPrototype: true },
);

const errorInfo = fc.record(
  { code: anyText, message: anyText, details: jsonRecord },
  { requiredKeys: ["code", "message"] },
);
const count = fc.option(fc.nat(), { nil: null });
const usage = fc
  .tuple(
    jsonRecord,
    fc.record({ input_tokens: count, output_tokens: count, total_tokens: count }, { requiredKeys: [] }),
  )
  .map(([extra, counts]) => ({ ...extra, ...counts }));
const eventFields = {
  sequence_number: nullable(fc.maxSafeNat()),
  status: nullable(fc.constantFrom(...runStatusSchema.options)),
  error: nullable(errorInfo),
};

const contentFields = {
  ...eventFields,
  object: fc.constant("content" as const),
  index: nullable(fc.nat()),
  delta: nullable(fc.boolean()),
  msg_id: text,
};
const kind = <T extends string>(type: T): fc.Arbitrary<T> => fc.constant(type);
const contents: readonly fc.Arbitrary<Content>[] = [
  fc.record({ ...contentFields, type: kind("text"), text }),
  fc.record({ ...contentFields, type: kind("image"), image_url: text }),
  fc.record({ ...contentFields, type: kind("data"), data: nullable(jsonRecord) }),
  fc.record({ ...contentFields, type: kind("audio"), data: text, format: text }),
  fc.record({ ...contentFields, type: kind("video"), video_url: text }),
  fc.record(
    {
      ...contentFields,
      type: kind("file"),
      file_url: text,
      file_id: text,
      filename: text,
      file_data: text,
      file_name: text,
    },
    { noNullPrototype: true },
  ),
  fc.record({ ...contentFields, type: kind("refusal"), refusal: text }),
];
const content = fc.oneof(...contents);

const message: fc.Arbitrary<Message> = fc.record({
  ...eventFields,
  object: fc.constant("message" as const),
  id: anyText,
  type: fc.constantFrom(...messageTypeSchema.options),
  role: nullable(fc.constantFrom(...roleSchema.options)),
  content: nullable(fc.array(content, { maxLength: 3 })),
  code: text,
  message: text,
  usage: nullable(usage),
  metadata: nullable(jsonRecord),
});

const response: fc.Arbitrary<AgentResponse> = fc.record({
  ...eventFields,
  object: fc.constant("response" as const),
  id: anyText,
  created_at: fc.maxSafeNat(),
  completed_at: nullable(fc.maxSafeNat()),
  output: nullable(fc.array(message, { maxLength: 2 })),
  usage: nullable(usage),
  session_id: text,
  incomplete_details: nullable(fc.record({ reason: anyText })),
});

const kinds = { response, message, content };
const event: fc.Arbitrary<AgentEvent> = fc.oneof(response, message, ...contents);

const noise = fc.constantFrom("", ": keep-alive\n\n", ":\n", ": a\n: b\n\n", "retry: 5\n\n", "data: [DONE]\n\n");

/** Cuts into pieces of these sizes, over and over. */
async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? bytes.length;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

function travel(stream: string, sizes: readonly number[]): Promise<AgentEvent[]> {
  return Array.fromAsync(decodeEvents(cut(new TextEncoder().encode(stream), sizes)));
}

describe("encodeEvent and decodeEvents", () => {
  it.each(Object.entries(kinds))("bring every %s through one byte at a time", async (_, values) => {
    await fc.assert(
      fc.asyncProperty(values, async (sent) => {
        expect(await travel(encodeEvent(sent), [1])).toEqual([sent]);
      }),
      { numRuns: 40 },
    );
  });

  it("bring any stream through any cuts, with comments in between", async () => {
    const streams = fc.array(fc.tuple(noise, event), { maxLength: 6 });
    const cuts = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(streams, noise, cuts, async (frames, end, sizes) => {
        const stream = frames.map(([before, sent]) => before + encodeEvent(sent)).join("");
        expect(await travel(stream + end, sizes)).toEqual(frames.map(([, sent]) => sent));
      }),
    );
  });

  it("write what AgentScope's web page can read: whole lines with a colon, one line of data", () => {
    fc.assert(
      fc.property(event, (sent) => {
        const frame = encodeEvent(sent);
        expect(frame.endsWith("\n\n")).toBe(true);
        const lines = frame.slice(0, -2).split("\n");
        expect(lines.map((line) => line.slice(0, line.indexOf(":")))).toEqual(
          sent.sequence_number === null ? ["data"] : ["id", "data"],
        );
        expect(JSON.parse(lines.at(-1)?.slice("data:".length) ?? "")).toEqual(sent);
        expect(frame).not.toContain("\r");
      }),
    );
  });
});

describe("encodeFrame", () => {
  it("numbers an event so that a reader can ask for what came after it", () => {
    expect(encodeFrame(0, '{"a":1}')).toBe('id: 0\ndata: {"a":1}\n\n');
    expect(encodeFrame(null, '{"a":1}')).toBe('data: {"a":1}\n\n');
  });
});

describe("EventEncoder", () => {
  it("writes every event of a run as JSON, however much they are alike", () => {
    const ids = fc.constantFrom("msg_1", "msg_2", '"');
    const piece = fc.record({ ...contentFields, msg_id: ids, type: kind("text"), text, error: fc.constant(null) });
    const pieces = piece.map((sent): Content => ({ ...sent, status: "in_progress", delta: true }));
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, piece, event), { maxLength: 12 }), (events) => {
        const encoder = new EventEncoder();
        expect(events.map((sent) => JSON.parse(encoder.encode(sent)) as unknown)).toEqual(events);
      }),
    );
  });
});
