import type { BareMessage } from "@agentscope-runtime/core/adapter";
import type { Message } from "@agentscope-runtime/protocol";
import { fromUIPart, toUIPart } from "./ui-content.ts";
import { isSpeechPart } from "./ui-input.ts";
import type { OtherUIPart } from "./ui-input.ts";
import type { UIPart } from "./ui-message.ts";

const shown = new Set(["message", "reasoning", "component_call_output", "a2ui_action"]);

/** What somebody says, as parts; none for messages that are not said to anybody. */
export function toSpeechParts({ type, content }: Message, fileProvider: string | undefined): UIPart[] {
  if (!shown.has(type)) return [];
  return (content ?? []).flatMap((piece) => {
    const part = toUIPart(piece, fileProvider);
    if (part === undefined) return [];
    return type === "reasoning" && part.type === "text" ? [{ ...part, type: "reasoning" as const }] : [part];
  });
}

/** How a message of these parts would read. */
export function fromSpeechParts(parts: readonly OtherUIPart[], role: string): BareMessage {
  return {
    type: role === "assistant" && parts[0]?.type === "reasoning" ? "reasoning" : "message",
    role,
    content: parts.flatMap((part) => (isSpeechPart(part) ? (fromUIPart(part, role) ?? []) : [])),
  };
}

/** The provider that files of these parts are at. */
export function fileProviderOf(parts: readonly OtherUIPart[]): string | undefined {
  return parts.flatMap((part) => ("providerReference" in part ? Object.keys(part.providerReference ?? {}) : []))[0];
}
