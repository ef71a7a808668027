import { messageSchema } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";
import { MessageList } from "@mastra/core/agent";
import { Memory } from "@mastra/memory";
import { fromMastraMessages, toMastraMessages, toMastraStorage } from "./index.ts";

const messages = [
  {
    id: "m1",
    role: "user",
    content: [
      { type: "text", text: "Look." },
      { type: "image", image_url: "data:image/png;base64,iVBORw0K" },
    ],
    metadata: { from: "phone" },
  },
  { id: "m2", type: "reasoning", role: "assistant", content: [{ type: "text", text: "I should look." }] },
  {
    id: "m3",
    type: "mcp_call",
    role: "assistant",
    content: [
      { type: "data", data: { call_id: "c1", name: "look", arguments: '{ "at": "sky" }', server_label: "eyes" } },
    ],
  },
  {
    id: "m4",
    type: "mcp_call_output",
    role: "tool",
    content: [{ type: "data", data: { call_id: "c1", output: "No sky.", is_error: true } }],
  },
  { id: "m5", role: "assistant", content: [{ type: "refusal", refusal: "I cannot." }], metadata: { mood: "sad" } },
].map((message) => messageSchema.parse(message));

it("come back through Mastra's own memory as they went", async () => {
  const storage = toMastraStorage({ sessions: new InProcessSessionHistory(), state: new InProcessState() });
  const memory = new Memory({ storage });
  await memory.createThread({ threadId: "t", resourceId: "ada" });
  const list = new MessageList({ threadId: "t", resourceId: "ada" }).add(toMastraMessages(messages), "input");
  await memory.saveMessages({ messages: list.get.all.db() });
  const { messages: kept } = await memory.recall({ threadId: "t", resourceId: "ada" });
  expect(fromMastraMessages(kept)).toEqual(messages);
});

it("are ours when Mastra made them", () => {
  const list = new MessageList().add(
    [
      { role: "user", content: "Hi." },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "Hm." },
          { type: "text", text: "Looking." },
          { type: "tool-call", toolCallId: "c1", toolName: "look", input: { at: "sky" } },
        ],
      },
      {
        role: "tool",
        content: [{ type: "tool-result", toolCallId: "c1", toolName: "look", output: { type: "text", value: "blue" } }],
      },
      { role: "assistant", content: "It is blue." },
    ],
    "input",
  );
  const ours = fromMastraMessages(list.get.all.db());
  expect(ours.map(({ type }) => type)).toEqual([
    "message",
    "reasoning",
    "message",
    "plugin_call",
    "plugin_call_output",
    "message",
  ]);
  expect(new Set(ours.map(({ id }) => id)).size).toBe(6);
  expect(ours[3]?.content).toMatchObject([{ data: { call_id: "c1", name: "look", arguments: '{"at":"sky"}' } }]);
  expect(ours[4]?.content).toMatchObject([{ data: { call_id: "c1" } }]);
  expect(JSON.stringify(ours[4]?.content)).toContain("blue");
});
