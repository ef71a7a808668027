import {
  functionCallOutputSchema,
  mcpApprovalRequestSchema,
  mcpApprovalResponseSchema,
  mcpCallSchema,
} from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { CallStory } from "./call-story.ts";
import type { StoryStep } from "./ui-notes.ts";

/** The beginning of a story; undefined for a call that cannot be told, since it has no id or no name. */
export function readCall(message: Message): CallStory | undefined {
  const { data } = mcpCallSchema.safeParse(dataOf(message));
  if (data === undefined || data.call_id === null || data.name === null) return undefined;
  return {
    kind: kindOf(message),
    callId: data.call_id,
    name: data.name,
    arguments: data.arguments ?? "",
    serverLabel: data.server_label ?? undefined,
  };
}

/** A request as a story of its own: its call may be none of ours. */
export function readRequest(message: Message): (CallStory & { readonly approvalId: string }) | undefined {
  const { data } = mcpApprovalRequestSchema.safeParse(dataOf(message));
  if (data === undefined) return undefined;
  const { id, name, arguments: text, server_label: label } = data;
  const serverLabel = label === "" ? undefined : label;
  return { kind: "mcp", callId: id, name, arguments: text, serverLabel, approvalId: id };
}

export function readResponse(
  message: Message,
): { readonly approvalId: string; readonly answer: NonNullable<CallStory["answer"]> } | undefined {
  const { data } = mcpApprovalResponseSchema.safeParse(dataOf(message));
  if (data === undefined) return undefined;
  return {
    approvalId: data.approval_request_id,
    answer: { approve: data.approve, reason: data.reason ?? undefined },
  };
}

export function readOutput(
  message: Message,
): { readonly callId: string; readonly output: NonNullable<CallStory["output"]> } | undefined {
  const { data } = functionCallOutputSchema.safeParse(dataOf(message));
  if (data === undefined) return undefined;
  return { callId: data.call_id, output: { text: data.output, isError: data.is_error === true } };
}

/** The story that these messages tell together. */
export function storyOf(messages: Readonly<Partial<Record<StoryStep, Message>>>): CallStory | undefined {
  const { call, request, response, output } = messages;
  const asked = request && readRequest(request);
  const begun = (call && readCall(call)) ?? asked;
  if (begun === undefined) return undefined;
  return {
    ...begun,
    approvalId: asked?.approvalId,
    answer: response && readResponse(response)?.answer,
    output: output && readOutput(output)?.output,
  };
}

function kindOf({ type }: Message): CallStory["kind"] {
  if (type === "mcp_call") return "mcp";
  return type === "function_call" ? "function" : "plugin";
}

/** The data of a message that has one part of data and nothing else. */
function dataOf({ content }: Message): unknown {
  const [part, ...more] = content ?? [];
  return part?.type === "data" && more.length === 0 ? part.data : undefined;
}
