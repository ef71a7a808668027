import { messageSchema } from "@agentscope-runtime/protocol";
import { dataIn, parseCall, parseCallOutput } from "./call-data.ts";

const place = { index: 2, kind: "plugin_call" };

it("finds the data of a message among its other parts", () => {
  const data = { call_id: "c1", name: "look" };
  const content = [
    { type: "text", text: "Calling." },
    { type: "data", data },
  ] as const;
  expect(dataIn(messageSchema.parse({ type: "plugin_call", content }))).toEqual([data]);
  expect(dataIn(messageSchema.parse({ type: "plugin_call" }))).toEqual([]);
});

it("reads a call; one without arguments has none", () => {
  const call = { callId: "c1", name: "look", arguments: '{"a":1}' };
  expect(parseCall({ call_id: "c1", name: "look", arguments: '{"a":1}' }, place)).toEqual(call);
  expect(parseCall({ call_id: "c1", name: "look" }, place)).toEqual({ ...call, arguments: "" });
});

it("reads an output; it failed when it says so", () => {
  expect(parseCallOutput({ call_id: "c1", output: "done" }, place)).toEqual({
    callId: "c1",
    name: undefined,
    output: "done",
    isError: false,
  });
  expect(parseCallOutput({ call_id: "c1", name: "look", output: "no", is_error: true }, place)).toMatchObject({
    name: "look",
    isError: true,
  });
});

it.each([
  ["a call without an id", () => parseCall({ name: "look" }, place)],
  ["a call without a name", () => parseCall({ call_id: "c1" }, place)],
  ["a call of no text", () => parseCall({ call_id: "c1", name: "look", arguments: 7 }, place)],
  ["an output of no call", () => parseCallOutput({ output: "done" }, place)],
])("says in which message %s stands", (_, read) => {
  expect(read).toThrow(
    expect.objectContaining({
      code: "invalid_argument",
      message: expect.stringContaining("messages[2] (plugin_call)"),
    }),
  );
});
