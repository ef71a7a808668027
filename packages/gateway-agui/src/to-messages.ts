import type { AssistantMessage, Message as AgUiMessage, ToolMessage, UserMessage } from "@ag-ui/core";
import { functionCallOutputSchema, functionCallSchema, unreachable } from "@agentscope-runtime/protocol";
import type { Content, Message } from "@agentscope-runtime/protocol";
import { CallIds } from "./call-ids.ts";
import { messageKind } from "./message-kind.ts";
import { toContentPart } from "./to-content-part.ts";

/** What was said, as a client would have put it together from the events. Their ids are the same. */
export function toMessages(messages: readonly Message[], callIds = new CallIds()): AgUiMessage[] {
  return messages.flatMap((message) => toMessage(message, callIds) ?? []);
}

/** The ids of the calls among a client's messages. */
export function callIdsIn(messages: readonly AgUiMessage[]): string[] {
  return messages.flatMap((message) =>
    message.role === "assistant" ? (message.toolCalls ?? []).map(({ id }) => id) : [],
  );
}

function toMessage(message: Message, callIds: CallIds): AgUiMessage | undefined {
  const parts = message.content ?? [];
  const kind = messageKind(message.type);
  switch (kind) {
    case "text":
      return toSpeech(message, parts);
    case "reasoning": {
      const content = textOf(parts);
      return content === "" ? undefined : { id: message.id, role: "reasoning", content };
    }
    case "call":
      return toCall(message, callIds);
    case "result":
      return toAnswer(message, callIds);
    case "approval":
    case "other":
      return undefined;
    default:
      return unreachable(kind);
  }
}

function toCall({ id, content }: Message, callIds: CallIds): AssistantMessage | undefined {
  const call = dataOf(content ?? [], functionCallSchema);
  if (call === undefined) return undefined;
  const called = { name: call.name ?? "", arguments: call.arguments ?? "" };
  const toolCalls = [{ id: callIds.take(call.call_id ?? id), type: "function" as const, function: called }];
  return { id, role: "assistant", toolCalls };
}

function toSpeech({ id, role, metadata }: Message, parts: readonly Content[]): AgUiMessage | undefined {
  const kept = metadata === null ? {} : { metadata };
  if (role === "user") return { id, role, content: toUserContent(parts), ...kept };
  if (role === "system") return { id, role, content: textOf(parts), ...kept };
  const text = textOf(parts);
  return text === "" ? undefined : { id, role: "assistant", content: text, ...kept };
}

function toAnswer({ id, content }: Message, callIds: CallIds): ToolMessage | undefined {
  const answer = dataOf(content ?? [], functionCallOutputSchema);
  if (answer === undefined) return undefined;
  const { call_id: callId, output, is_error: isError } = answer;
  const failed = isError === true ? { error: output } : {};
  return { id, role: "tool", toolCallId: callIds.latest(callId), content: output, ...failed };
}

function toUserContent(parts: readonly Content[]): UserMessage["content"] {
  const [only] = parts;
  if (parts.length === 1 && only?.type === "text") return only.text ?? "";
  return parts.flatMap((part) => toContentPart(part) ?? []);
}

/** What is read: text, and a refusal, which is the model's own words. */
function textOf(parts: readonly Content[]): string {
  return parts.map(spoken).join("");
}

/** The words of a part. */
export function spoken(part: Content): string {
  if (part.type === "text") return part.text ?? "";
  return part.type === "refusal" ? (part.refusal ?? "") : "";
}

/** The first data part, when it is what its message's type says. */
export function dataOf<T>(
  parts: readonly Content[],
  schema: { safeParse(value: unknown): { readonly data?: T | undefined } },
): T | undefined {
  const part = parts.find(({ type }) => type === "data");
  return part?.type === "data" ? schema.safeParse(part.data).data : undefined;
}
