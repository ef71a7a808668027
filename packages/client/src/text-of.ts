import type { AgentResponse } from "@agentscope-runtime/protocol";

/** What the assistant said: the texts of its messages, one message a paragraph. "" when there are none. */
export function textOf({ output }: AgentResponse): string {
  const said = (output ?? []).filter(({ type, role }) => type === "message" && (role ?? "assistant") === "assistant");
  const texts = said.map(({ content }) =>
    (content ?? []).map((part) => (part.type === "text" ? (part.text ?? "") : "")).join(""),
  );
  return texts.filter((text) => text !== "").join("\n\n");
}
