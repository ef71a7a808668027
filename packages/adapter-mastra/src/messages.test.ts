import { contentSchema, messageSchema } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import fc from "fast-check";
import { fromMastraMessages } from "./from-mastra-messages.ts";
import { toMastraMessages } from "./to-mastra-messages.ts";

const text = fc.string({ minLength: 1, unit: "grapheme" });
/** As it comes over the wire: JSON has no -0. */
const json = fc
  .dictionary(fc.string({ unit: "grapheme-ascii" }), fc.jsonValue({ maxDepth: 2 }), {
    noNullPrototype: true,
    maxKeys: 3,
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
const bytes = fc.base64String({ minLength: 4, maxLength: 20 });
const url = fc.webUrl();
const metadata = fc.option(json);

const content = fc.oneof(
  text.map((value) => ({ type: "text", text: value })),
  text.map((value) => ({ type: "refusal", refusal: value })),
  json.map((data) => ({ type: "data", data })),
  fc.constantFrom(
    { type: "data", data: { type: "source", source_type: "url", id: "1", url: "https://example.com" } },
    { type: "data", data: { type: "data-weather", data: { sky: "blue" } } },
  ),
  fc
    .oneof(
      url,
      bytes.map((data) => `data:image/png;base64,${data}`),
    )
    .map((image_url) => ({ type: "image", image_url })),
  fc
    .tuple(fc.oneof(url, bytes), fc.constantFrom("wav", "mp3", "ogg"))
    .map(([data, format]) => ({ type: "audio", data, format })),
  url.map((video_url) => ({ type: "video", video_url })),
  fc
    .tuple(
      fc.oneof(
        bytes,
        bytes.map((data) => `data:application/pdf;base64,${data}`),
      ),
      fc.constantFrom("a.pdf", "b.txt", "c"),
    )
    .map(([file_data, filename]) => ({ type: "file", file_data, filename })),
  url.map((file_url) => ({ type: "file", file_url })),
);

const speech = fc
  .record({
    id: fc.uuid(),
    role: fc.constantFrom("user", "assistant"),
    content: fc.array(content, { minLength: 1, maxLength: 3 }),
    metadata,
  })
  .map((message) => [message]);
const reasoning = fc
  .record({
    id: fc.uuid(),
    content: fc.array(
      text.map((value) => ({ type: "text", text: value })),
      { minLength: 1, maxLength: 2 },
    ),
    metadata,
  })
  .map((message) => [{ ...message, type: "reasoning", role: "assistant" }]);
const system = fc
  .record({ id: fc.uuid(), text, metadata })
  .map(({ id, text: said, metadata: of }) => [
    { id, role: "system", content: [{ type: "text", text: said }], metadata: of },
  ]);

/** Calls of one turn, and their answers in any order; arguments and answers may be any text. */
const calls = fc
  .array(
    fc.record({
      call: fc.uuid(),
      output: fc.uuid(),
      name: fc.constantFrom("look", "pay"),
      arguments: fc.oneof(
        json.map((value) => JSON.stringify(value)),
        json.map((value) => JSON.stringify(value, null, 2)),
        text,
      ),
      answer: fc.oneof(
        text,
        json.map((value) => JSON.stringify(value)),
        fc.constant('{"n":12345678901234567890}'),
      ),
      isError: fc.boolean(),
      kind: fc.constantFrom("function", "plugin", "mcp"),
      metadata,
      answered: fc.boolean(),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .chain((of) =>
    fc
      .shuffledSubarray(of, { minLength: of.length })
      .map((answers) => [of, answers.filter(({ answered }) => answered)] as const),
  )
  .map(([of, answers]) => [
    ...of.map(({ call, name, kind, metadata: own, arguments: written }) => ({
      id: call,
      type: `${kind}_call`,
      role: "assistant",
      content: [
        {
          type: "data",
          data: { call_id: `call-${call}`, name, arguments: written, ...(kind === "mcp" && { server_label: "s" }) },
        },
      ],
      metadata: own,
    })),
    ...answers.map(({ call, output, kind, answer, isError }) => ({
      id: output,
      type: `${kind}_call_output`,
      role: "tool",
      content: [
        {
          type: "data",
          data: { call_id: `call-${call}`, name: "look", output: answer, ...(isError && { is_error: true }) },
        },
      ],
    })),
  ]);

const conversation = fc
  .array(fc.oneof({ weight: 3, arbitrary: speech }, reasoning, system, calls), { maxLength: 8 })
  .map((entries) => entries.flat().map((message) => messageSchema.parse(message)));

describe("messages there and back", () => {
  it("come back as they were, whatever they say", () => {
    fc.assert(
      fc.property(conversation, (messages) => {
        const there = toMastraMessages(messages);
        expect(fromMastraMessages(there)).toEqual(messages.map((message) => bare(message)));
        // And through a store that keeps JSON.
        expect(fromMastraMessages(JSON.parse(JSON.stringify(there)))).toEqual(messages.map((message) => bare(message)));
      }),
      { numRuns: 300 },
    );
  });
});

function bare(message: Message): Message {
  return { ...message, content: (message.content ?? []).map((part) => contentSchema.parse(part)) };
}
