import { agentResponseSchema } from "@agentscope-runtime/protocol";
import { textOf } from "./text-of.ts";

function responseOf(output: readonly unknown[] | null): Parameters<typeof textOf>[0] {
  return agentResponseSchema.parse({ id: "r", created_at: 1, output });
}

describe("textOf", () => {
  it("joins what the assistant said, and nothing else", () => {
    const text = (...texts: (string | null)[]): unknown[] => texts.map((part) => ({ type: "text", text: part }));
    const output = [
      { role: "assistant", type: "reasoning", content: text("Hm.") },
      { role: "assistant", content: [...text("One", null, " two."), { type: "image", image_url: "https://a/b" }] },
      { role: "tool", type: "plugin_call_output", content: [{ type: "data", data: { call_id: "c", output: "7" } }] },
      { role: "user", content: text("Me?") },
      { role: "assistant", content: null },
      { content: text("Three.") },
    ];
    expect(textOf(responseOf(output))).toBe("One two.\n\nThree.");
  });

  it.each([null, []])("is empty when the output is %j", (output) => {
    expect(textOf(responseOf(output))).toBe("");
  });
});
