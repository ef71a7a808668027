import { messageSchema } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";

/** A user's message that says this. */
export function messageOf(text: string): Message {
  return messageSchema.parse({ role: "user", content: [{ type: "text", text }] });
}

/** What it says. */
export function textOf(message: Message): string {
  const [part] = message.content ?? [];
  return part?.type === "text" ? (part.text ?? "") : "";
}
