import { messageSchema } from "@agentscope-runtime/protocol";
import { bareContent, bareMessage, wholeMessage } from "./bare-message.ts";

const message = messageSchema.parse({
  id: "m1",
  role: "user",
  status: "completed",
  content: [
    { type: "text", text: "Look:", index: 0, sequence_number: 3 },
    { type: "file", file_url: "https://example.com/a.pdf" },
  ],
});

it("says what a message says, without the wire's own fields", () => {
  expect(bareMessage(message)).toEqual({
    type: "message",
    role: "user",
    content: [
      { type: "text", text: "Look:" },
      { type: "file", file_url: "https://example.com/a.pdf" },
    ],
  });
  expect((message.content ?? []).map(bareContent)).toEqual(bareMessage(message).content);
});

it("keeps why a message is not complete", () => {
  const failed = messageSchema.parse({ id: "m1", type: "error", status: "failed", code: "late", message: "Too late." });
  expect(bareMessage(failed)).toMatchObject({ status: "failed", code: "late", message: "Too late." });
  expect(wholeMessage("m1", bareMessage(failed))).toEqual(failed);
});

it("makes a message again of what has travelled as JSON", () => {
  const back = wholeMessage("m2", JSON.parse(JSON.stringify(bareMessage(message))));
  expect(back).toMatchObject({ id: "m2", status: "completed" });
  expect(bareMessage(back ?? message)).toEqual(bareMessage(message));
});

it("makes no message of what somebody else has written", () => {
  for (const bare of [null, "text", 7, { type: "letter" }, { content: "text" }]) {
    expect(wholeMessage("m1", bare)).toBeUndefined();
  }
});
