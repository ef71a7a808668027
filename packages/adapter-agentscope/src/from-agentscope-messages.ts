import { messageSchema } from "@agentscope-runtime/protocol";
import type { ContentInput, Message, MessageInput } from "@agentscope-runtime/protocol";
import type {
  AgentScopeBlock,
  AgentScopeToolCallBlock,
  AgentScopeToolResultBlock,
  AnyAgentScopeMessage,
} from "./agentscope-message.ts";
import { carriedIn, keyOf, withoutCarried } from "./carried.ts";
import type { BlockHint, CarriedMessage } from "./carried.ts";
import { fromBlock } from "./from-block.ts";
import { fromStoredOutput, toPiece } from "./tool-output.ts";

/**
 * Turns `Msg`s of AgentScope, such as an agent's `context`, into our messages.
 *
 * What `toAgentScopeMessages` made is given back with its ids and metadata. What the agent added becomes one message for each
 * thing: what it thought, said, called and was answered. Hints and the names of senders are dropped; the usage of a `Msg` is that
 * of its last message.
 */
export function fromAgentScopeMessages(messages: readonly AnyAgentScopeMessage[]): Message[] {
  return messages.flatMap(fromAgentScopeMessage);
}

/** The message that grows, and the carried one that it is. */
interface Draft {
  readonly from: CarriedMessage | undefined;
  readonly type: Message["type"];
  readonly content: ContentInput[];
}

function fromAgentScopeMessage(source: AnyAgentScopeMessage): Message[] {
  const carried = carriedIn(source.metadata);
  const added = new Set(carried?.added);
  const known = new Map(
    (carried?.messages ?? []).flatMap((from) => from.blocks.map(([key, hint]) => [key, { from, hint }] as const)),
  );
  const drafts: Draft[] = [];
  for (const block of source.content) {
    const { from, hint } = known.get(keyOf(block)) ?? {};
    if (from === undefined && added.has(keyOf(block))) continue;
    const type = from?.type ?? typeOf(block);
    const content = contentOf(block, hint);
    if (content === undefined || type === undefined) continue;
    const last = drafts.at(-1);
    const goesOn =
      last !== undefined && last.type === type && last.from === from && (from !== undefined || type === "message");
    if (goesOn) last.content.push(content);
    else drafts.push({ from, type, content: [content] });
  }
  const own = drafts.filter(({ from }) => from === undefined);
  return drafts.map((draft, index) => {
    const id = own.length === 1 ? source.id : `${source.id}-${own.indexOf(draft)}`;
    const more = index === drafts.length - 1 ? usageOf(source) : {};
    return messageSchema.parse({ ...identityOf(draft, source, id), ...more, content: draft.content });
  });
}

function identityOf({ from, type }: Draft, source: AnyAgentScopeMessage, id: string): MessageInput {
  if (from !== undefined) return { id: from.id, type, role: from.role, metadata: from.metadata };
  const role = type === "plugin_call_output" ? "tool" : source.role;
  return { id, type, role, metadata: withoutCarried(source.metadata) };
}

function usageOf({ usage }: AnyAgentScopeMessage): MessageInput {
  if (usage === undefined) return {};
  return { usage: { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens } };
}

function typeOf(block: AgentScopeBlock): Message["type"] | undefined {
  switch (block.type) {
    case "text":
    case "data":
      return "message";
    case "thinking":
      return "reasoning";
    case "tool_call":
      return "plugin_call";
    case "tool_result":
      return "plugin_call_output";
    case "hint":
      return undefined;
  }
}

function contentOf(block: AgentScopeBlock, hint: BlockHint | undefined): ContentInput | undefined {
  switch (block.type) {
    case "text":
    case "data":
      return fromBlock(block, hint);
    case "thinking":
      return fromBlock({ type: "text", id: block.id, text: block.thinking }, hint);
    case "tool_call":
      return { type: "data", data: callData(block, hint) };
    case "tool_result":
      return { type: "data", data: outputData(block, hint) };
    case "hint":
      return undefined;
  }
}

function callData({ id, name, input }: AgentScopeToolCallBlock, hint: BlockHint | undefined): Record<string, unknown> {
  const text = hint !== undefined && "arguments" in hint ? hint["arguments"] : input;
  return { call_id: id, name, arguments: text, ...objectOf(hint?.["more"]) };
}

function outputData(block: AgentScopeToolResultBlock, hint: BlockHint | undefined): Record<string, unknown> {
  const { id, name, output, state } = block;
  const isError = state === "error" || state === "interrupted";
  const more = hint === undefined ? { name, ...(isError ? { is_error: true } : {}) } : objectOf(hint["more"]);
  return { call_id: id, output: outputText(output, isError, hint), ...more };
}

function outputText(
  output: AgentScopeToolResultBlock["output"],
  isError: boolean,
  hint: BlockHint | undefined,
): string {
  const shape = objectOf(hint?.["result"]);
  const types = shape["types"];
  if (typeof output !== "string" && Array.isArray(types)) {
    const content = output.map((block, index) => {
      const isData = types[index] === "data" && block.type === "text";
      return isData ? { type: "data", data: JSON.parse(block.text) as unknown } : toPiece(block);
    });
    return JSON.stringify({ content, isError: shape["isError"] });
  }
  const result = fromStoredOutput(output, isError);
  return typeof result === "string" ? result : JSON.stringify(result);
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
