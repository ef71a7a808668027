import { readProviderEvent } from "./provider-event.ts";

it.each([
  ["nothing", undefined],
  ["a text", "response.refusal.delta"],
  ["an unknown event", { type: "response.new_thing", delta: 1 }],
  ["a text that the SDK tells itself", { type: "response.output_text.delta", item_id: "m", delta: "x" }],
  ["a broken event", { type: "response.refusal.delta", delta: 1 }],
  ["a call without a name", { type: "response.output_item.added", item: { type: "function_call", id: "f" } }],
  ["an item of another type", { type: "response.output_item.added", item: { type: "message", id: "m", name: "x" } }],
  ["broken choices", { choices: [{ index: 0, delta: { tool_calls: [{ index: "x" }] } }] }],
  ["another choice", { choices: [{ index: 1, delta: { refusal: "No." } }] }],
])("says nothing of %s", (_, event) => {
  expect(readProviderEvent(event)).toEqual([]);
});

it("reads the parts of a model of the AI SDK", () => {
  const parts = [
    { type: "reasoning-delta", id: "r", delta: "Hm." },
    { type: "tool-input-start", id: "c1", toolName: "look" },
    { type: "tool-input-delta", id: "c1", delta: "{}" },
    { type: "finish", finishReason: "length" },
    { type: "finish", finishReason: { unified: "content-filter", raw: "x" } },
    { type: "finish", finishReason: { unified: "stop", raw: "x" } },
  ];
  expect(parts.flatMap(readProviderEvent)).toEqual([
    { type: "reasoning", id: "r", delta: "Hm." },
    { type: "call", key: "c1", callId: "c1", name: "look", serverLabel: undefined },
    { type: "arguments", key: "c1", delta: "{}" },
    { type: "stop", reason: "max_tokens" },
    { type: "stop", reason: "content_filter" },
    { type: "stop", reason: undefined },
  ]);
});

it("reads thoughts that other providers add to chat completions, under either name", () => {
  const chunk = (delta: object) => ({ choices: [{ index: 0, delta }] });
  expect([chunk({ reasoning_content: "Hm." }), chunk({ reasoning: "So." })].flatMap(readProviderEvent)).toEqual([
    { type: "reasoning", id: "", delta: "Hm." },
    { type: "reasoning", id: "", delta: "So." },
  ]);
});
