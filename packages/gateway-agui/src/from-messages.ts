import type { ContentPart, Message } from "@ag-ui/core";
import type { ContentInput, MessageInput } from "@agentscope-runtime/protocol";
import { fromContentPart } from "./from-content-part.ts";

/** A client's messages as ours, under their ids. Activities are left out: they are there to be looked at. */
export function fromMessages(messages: readonly Message[], names: ReadonlyMap<string, string>): MessageInput[] {
  return messages.flatMap((message) => fromMessage(message, names));
}

/** The names of the tools by the ids of the calls: an answer does not say which tool gave it. */
export function toolNames(messages: readonly Message[]): ReadonlyMap<string, string> {
  const calls = messages.flatMap((message) => (message.role === "assistant" ? (message.toolCalls ?? []) : []));
  return new Map(calls.map((call) => [call.id, call.function.name]));
}

function fromMessage(message: Message, names: ReadonlyMap<string, string>): readonly MessageInput[] {
  const { id } = message;
  const kept = message.metadata === undefined ? {} : { metadata: message.metadata };
  switch (message.role) {
    case "user":
      return [{ id, role: "user", content: fromContent(message.content), ...kept }];
    case "developer":
    case "system":
      return [{ id, role: "system", content: fromContent(message.content), ...kept }];
    case "reasoning":
      return [{ id, type: "reasoning", role: "assistant", content: fromContent(message.content), ...kept }];
    case "assistant":
      return [
        ...(message.content === undefined || message.content === ""
          ? []
          : [{ id, role: "assistant" as const, content: fromContent(message.content), ...kept }]),
        ...(message.toolCalls ?? []).map((call) => fromCall(call.id, call.function)),
      ];
    case "tool":
      return [{ id, ...fromAnswer(message, names.get(message.toolCallId) ?? null) }];
    case "activity":
      return [];
  }
}

function fromCall(callId: string, call: { readonly name: string; readonly arguments: string }): MessageInput {
  const data = { call_id: callId, name: call.name, arguments: call.arguments };
  return { type: "function_call", role: "assistant", content: [{ type: "data", data }] };
}

function fromAnswer(message: Extract<Message, { role: "tool" }>, name: string | null): MessageInput {
  const { content, error, toolCallId } = message;
  const parts = typeof content === "string" ? [{ type: "text" as const, text: content }] : content;
  const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  const data = {
    call_id: toolCallId,
    name,
    output: text === "" ? (error ?? "") : text,
    ...(error === undefined ? {} : { is_error: true }),
  };
  const media = parts.filter(({ type }) => type !== "text").map(fromContentPart);
  return { type: "function_call_output", role: "tool", content: [{ type: "data", data }, ...media] };
}

function fromContent(content: string | readonly ContentPart[]): ContentInput[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : content.map(fromContentPart);
}
