import { denialText, parseArguments } from "@agentscope-runtime/core/adapter";
import type { BareMessage } from "@agentscope-runtime/core/adapter";
import { parseToolResult, resultText } from "@agentscope-runtime/tools";
import { toolOrigin } from "./tool-origin.ts";
import type { AnyUIToolPart } from "./ui-input.ts";
import type { UIToolPart, UIToolState } from "./ui-message.ts";
import type { StoryStep } from "./ui-notes.ts";

/** A call and what became of it: up to four messages of ours, one part of the SDK's. */
export interface CallStory {
  readonly kind: "plugin" | "mcp" | "function";
  readonly callId: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
  readonly serverLabel?: string | undefined;
  readonly approvalId?: string | undefined;
  readonly answer?: { readonly approve: boolean; readonly reason?: string | undefined } | undefined;
  readonly output?: { readonly text: string; readonly isError: boolean } | undefined;
}

export const storySteps: readonly StoryStep[] = ["call", "request", "response", "output"];

/** The part that shows a call as it is now. */
export function toToolPart(story: CallStory): UIToolPart {
  const { kind, callId, name, serverLabel } = story;
  const called = {
    toolCallId: callId,
    ...(serverLabel !== undefined && { toolMetadata: { clientName: serverLabel } }),
    ...stateOf(story),
  };
  return kind === "mcp" ? { type: "dynamic-tool", toolName: name, ...called } : { type: `tool-${name}`, ...called };
}

function stateOf({ arguments: text, approvalId, answer, output }: CallStory): UIToolState {
  const input = parseArguments(text);
  const reason = answer?.reason === undefined ? {} : { reason: answer.reason };
  if (approvalId !== undefined && answer !== undefined) {
    const approval = { id: approvalId, ...reason };
    if (output === undefined) {
      return { state: "approval-responded", input, approval: { ...approval, approved: answer.approve } };
    }
    if (!answer.approve) return { state: "output-denied", input, approval: { ...approval, approved: false } };
    return { ...ended(output, input), approval: { ...approval, approved: true } };
  }
  if (output !== undefined) return ended(output, input);
  if (approvalId !== undefined) return { state: "approval-requested", input, approval: { id: approvalId } };
  return { state: "input-available", input };
}

function ended(
  { text, isError }: NonNullable<CallStory["output"]>,
  input: unknown,
): UIToolState & { state: "output-available" | "output-error" } {
  const value = valueOf(text);
  if (!isError) return { state: "output-available", input, output: value };
  const result = parseToolResult(value);
  return { state: "output-error", input, errorText: result === undefined ? text : resultText(result) };
}

/** Objects and lists as what they are, where their text comes back the same; everything else as the text it is. */
function valueOf(text: string): unknown {
  if (!/^[[{]/.test(text)) return text;
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? value : text;
  } catch {
    return text;
  }
}

/** What a part of the SDK's says in our words. */
export interface ToldStory {
  /** How each message would read. */
  readonly drafts: Readonly<Record<StoryStep, BareMessage>>;
  /** Which of them the part tells of. */
  readonly told: ReadonlySet<StoryStep>;
}

export function fromToolPart(part: AnyUIToolPart, clientTools: ReadonlySet<string>): ToldStory {
  const { approval, toolCallId: callId } = part;
  const name = part.type === "dynamic-tool" ? (part.toolName ?? "") : part.type.slice("tool-".length);
  const origin = toolOrigin({ ...part, toolName: name, providerMetadata: part.callProviderMetadata }, clientTools);
  const { kind = "plugin", serverLabel } = origin;
  const answer = approval?.approved === undefined ? undefined : { approve: approval.approved, reason: approval.reason };
  const output = outputOf(part);
  const drafts = draftsOf({
    kind,
    callId,
    name,
    arguments: argumentsOf(part),
    serverLabel,
    approvalId: approval?.id,
    answer,
    output,
  });
  const told = new Set<StoryStep>(["call"]);
  if (approval !== undefined) told.add("request");
  if (answer !== undefined) told.add("response");
  if (output !== undefined) told.add("output");
  return { drafts, told };
}

function argumentsOf({ state, input, rawInput }: AnyUIToolPart): string {
  if (state === "input-streaming" && typeof rawInput === "string") return rawInput;
  if (input === undefined && typeof rawInput === "string") return rawInput;
  return JSON.stringify(input ?? {});
}

function outputOf({ state, output, errorText, approval }: AnyUIToolPart): CallStory["output"] {
  switch (state) {
    case "output-available":
      return { text: typeof output === "string" ? output : JSON.stringify(output ?? null), isError: false };
    case "output-error":
      return { text: errorText ?? "", isError: true };
    case "output-denied":
      return { text: denialText(approval?.reason), isError: true };
    case "input-streaming":
    case "input-available":
    case "approval-requested":
    case "approval-responded":
      return undefined;
  }
}

function draftsOf(story: CallStory): Readonly<Record<StoryStep, BareMessage>> {
  const { kind, callId, name, arguments: text, serverLabel, approvalId = "", answer, output } = story;
  const label = kind === "mcp" ? { server_label: serverLabel ?? null } : {};
  const reason = answer?.reason === undefined ? {} : { reason: answer.reason };
  const failed = output?.isError === true ? { is_error: true } : {};
  return {
    call: draft(`${kind}_call`, "assistant", { call_id: callId, name, arguments: text, ...label }),
    request: draft("mcp_approval_request", "assistant", {
      id: approvalId,
      name,
      server_label: serverLabel ?? "",
      arguments: text,
    }),
    response: draft("mcp_approval_response", "user", {
      approval_request_id: approvalId,
      approve: answer?.approve ?? false,
      ...reason,
    }),
    output: draft(`${kind}_call_output`, "tool", { call_id: callId, name, output: output?.text ?? "", ...failed }),
  };
}

function draft(type: string, role: string, data: Readonly<Record<string, unknown>>): BareMessage {
  return { type, role, content: [{ type: "data", data }] };
}
