import { dataIn, noResult, parseCall, parseCallOutput, unfit } from "@agentscope-runtime/core/adapter";
import { newMessageId } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import type { AgentScopeBlock, AgentScopeMessage, AgentScopeToolCallBlock } from "./agentscope-message.ts";
import { keyOf, withCarried } from "./carried.ts";
import type { BlockHint, CarriedMessage } from "./carried.ts";
import { toBlock } from "./to-block.ts";
import { toStoredOutput } from "./tool-output.ts";

export interface ToAgentScopeMessagesOptions {
  /** The agent's name: it knows what it has said itself by it. Default "assistant". */
  readonly agentName?: string;
  /** Milliseconds since 1970, for the timestamps; our messages have none. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * Turns our messages into the `Msg`s of AgentScope: what `replyStream({ msgs })` takes, or an agent's `context`.
 *
 * What the agent said, called and was answered without a pause becomes one assistant `Msg`, as the framework keeps it: an
 * output goes to its call, however late it comes, and a call without one is answered with "No result…". `data` becomes JSON
 * text, a refusal text. `fromAgentScopeMessages` gives all of it back, with ids and metadata.
 *
 * Left out: empty texts, messages that say nothing, outputs without a call, approvals, component calls, A2UI responses, lists
 * of MCP tools, heartbeats and errors.
 *
 * Throws `invalid_argument`, with the message's index, for files that cannot be found, such as a `file_id`, for calls without
 * an id or a name, and for messages of role `tool` that answer no call.
 */
export function toAgentScopeMessages(
  messages: readonly Message[],
  options: ToAgentScopeMessagesOptions = {},
): AgentScopeMessage[] {
  const conversation = new Conversation(options);
  for (const [index, message] of messages.entries()) conversation.add(message, index);
  return conversation.end();
}

/** A `Msg` that still grows. */
interface Draft {
  readonly id: string;
  readonly role: AgentScopeMessage["role"];
  readonly blocks: AgentScopeBlock[];
  readonly carried: CarriedMessage[];
  readonly added: string[];
  readonly calls: Map<string, AgentScopeToolCallBlock>;
}

class Conversation {
  readonly #agentName: string;
  readonly #timestamp: string;
  readonly #drafts: Draft[] = [];
  /** Where the calls stand that nobody has answered yet. */
  readonly #waiting = new Map<string, Draft>();

  constructor({ agentName = "assistant", now = Date.now }: ToAgentScopeMessagesOptions) {
    this.#agentName = agentName;
    this.#timestamp = new Date(now()).toISOString();
  }

  add(message: Message, index: number): void {
    switch (message.type) {
      case "message":
        this.#speech(message, index);
        break;
      case "component_call_output":
      case "a2ui_action":
        this.#say("user", message, index);
        break;
      case "reasoning":
        this.#think(message, index);
        break;
      case "function_call":
      case "plugin_call":
      case "mcp_call":
        this.#call(message, index);
        break;
      case "function_call_output":
      case "plugin_call_output":
      case "mcp_call_output":
        this.#output(message, index);
        break;
      case "mcp_approval_request":
      case "mcp_approval_response":
      case "component_call":
      case "a2ui_response":
      case "mcp_list_tools":
      case "heartbeat":
      case "error":
        break;
    }
  }

  end(): AgentScopeMessage[] {
    for (const [callId, draft] of this.#waiting) {
      const call = draft.calls.get(callId);
      const block = {
        type: "tool_result",
        id: callId,
        name: call?.name ?? "",
        output: noResult,
        state: "interrupted",
      } as const;
      draft.blocks.push(block);
      draft.added.push(keyOf(block));
    }
    return this.#drafts.map(({ id, role, blocks, carried, added }) => ({
      id,
      name: role === "assistant" ? this.#agentName : role,
      role,
      content: blocks,
      metadata: withCarried({ messages: carried, added }),
      timestamp: this.#timestamp,
    }));
  }

  #speech(message: Message, index: number): void {
    if (message.role === "tool") {
      throw unfit({ index, kind: message.type }, "a message of role tool has to be the output of a call");
    }
    this.#say(message.role ?? "user", message, index);
  }

  #say(role: AgentScopeMessage["role"], message: Message, index: number): void {
    const hinted = (message.content ?? []).flatMap(
      (part, place) => toBlock(part, `${message.id}/${place}`, index) ?? [],
    );
    if (hinted.length === 0) return;
    this.#put(this.#draft(role, message), message, hinted);
  }

  #think(message: Message, index: number): void {
    const hinted = (message.content ?? []).flatMap((part, place) => {
      const id = `${message.id}/${place}`;
      const found = toBlock(part, id, index);
      if (found === undefined) return [];
      const { block, hint } = found;
      if (block.type === "data") throw unfit({ index, kind: part.type }, "reasoning can only hold text");
      return [{ block: { type: "thinking", id, thinking: block.text } as const, hint }];
    });
    if (hinted.length > 0) this.#put(this.#draft("assistant", message), message, hinted);
  }

  #call(message: Message, index: number): void {
    for (const data of dataIn(message)) {
      const { callId: id, name, arguments: given } = parseCall(data, { index, kind: message.type });
      const { call_id: _, name: __, arguments: text, ...more } = data;
      const input = toInput(given);
      const block = { type: "tool_call", id, name, input } as const;
      const draft = this.#draft("assistant", message, (other) => !other.calls.has(block.id));
      draft.calls.set(block.id, block);
      this.#waiting.set(block.id, draft);
      this.#put(draft, message, [{ block, hint: input === text ? { more } : { more, arguments: text ?? null } }]);
    }
  }

  #output(message: Message, index: number): void {
    for (const data of dataIn(message)) {
      const { callId: id, output: text, isError } = parseCallOutput(data, { index, kind: message.type });
      const draft = this.#waiting.get(id);
      if (draft === undefined) continue;
      this.#waiting.delete(id);
      const { call_id: _, output: __, ...more } = data;
      const name = draft.calls.get(id)?.name ?? "";
      const state = isError ? "error" : "success";
      const output = toStoredOutput(text, id);
      // Bytes come back from the blocks; the pieces' kinds do not.
      const hint = typeof output === "string" ? { more } : { more, result: shapeOf(text) };
      this.#put(draft, message, [{ block: { type: "tool_result", id, name, output, state }, hint }]);
    }
  }

  /** The `Msg` that goes on: the agent's, while nobody else speaks. */
  #draft(role: Draft["role"], message: Message, fits: (draft: Draft) => boolean = () => true): Draft {
    const last = this.#drafts.at(-1);
    if (role === "assistant" && last?.role === "assistant" && fits(last)) return last;
    const id = this.#drafts.some((draft) => draft.id === message.id) ? newMessageId() : message.id;
    const draft: Draft = { id, role, blocks: [], carried: [], added: [], calls: new Map() };
    this.#drafts.push(draft);
    return draft;
  }

  #put(
    { blocks, carried }: Draft,
    { id, type, role, metadata }: Message,
    hinted: readonly { readonly block: AgentScopeBlock; readonly hint: BlockHint }[],
  ): void {
    const entries = hinted.map(({ block, hint }): [string, BlockHint] => [keyOf(block), hint]);
    blocks.push(...hinted.map(({ block }) => block));
    const last = carried.at(-1);
    if (last?.id === id) last.blocks.push(...entries);
    else carried.push({ id, type, role, metadata, blocks: entries });
  }
}

/** Providers want an object: text that is none is kept in one. */
function toInput(text: string): string {
  if (text.trim() === "") return "{}";
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return text;
  } catch {
    // Below.
  }
  return JSON.stringify({ invalid_arguments: text });
}

/** Which piece of a `ToolResult` was of which kind, and whether it said that it failed. */
function shapeOf(text: string): object {
  // It was read as a ToolResult.
  const { content, isError } = JSON.parse(text) as { content: { type: string }[]; isError: boolean };
  return { types: content.map(({ type }) => type), isError };
}
