import { unreachable } from "@agentscope-runtime/protocol";
import type { ContentInput, MessageInput, MessageType, Role } from "@agentscope-runtime/protocol";
import { fromCompaction } from "./compaction-item.ts";
import { toFileContent } from "./file-content.ts";
import type { InputItem, InputPart } from "./input-item.ts";

/** The items as messages of the wire. References have to be resolved before. */
export function toMessages(
  items: readonly Exclude<InputItem, { type: "item_reference" }>[],
  agent: string,
): MessageInput[] {
  const names = new Map<string, string>();
  return items.flatMap((item) => {
    if (item.type === "function_call" || item.type === "custom_tool_call") names.set(item.call_id, item.name);
    return messagesOf(item, { agent, names });
  });
}

interface Surroundings {
  /** Its own tools are told under its name. */
  readonly agent: string;
  /** Of the functions that were called so far, by the call's id. */
  readonly names: ReadonlyMap<string, string>;
}

function messagesOf(
  item: Exclude<InputItem, { type: "item_reference" }>,
  { agent, names }: Surroundings,
): MessageInput[] {
  switch (item.type) {
    case "message":
      return [{ role: item.role === "developer" ? "system" : item.role, content: toContents(item.content) }];
    case "reasoning": {
      const parts = [...(item.content ?? []), ...(item.summary ?? [])];
      const content = parts.map(({ text }): ContentInput => ({ type: "text", text }));
      return content.length === 0 ? [] : [{ type: "reasoning", role: "assistant", content }];
    }
    case "function_call":
      return [
        dataMessage("function_call", "assistant", {
          call_id: item.call_id,
          name: item.name,
          arguments: item.arguments,
        }),
      ];
    case "custom_tool_call":
      return [
        dataMessage("function_call", "assistant", { call_id: item.call_id, name: item.name, arguments: item.input }),
      ];
    case "function_call_output":
    case "custom_tool_call_output": {
      const { call_id, output } = item;
      return [answer({ call_id, name: names.get(call_id) ?? null }, output)];
    }
    case "mcp_call":
      return toolMessages(item, agent);
    case "mcp_list_tools": {
      const { id, server_label, tools } = item;
      return [dataMessage("mcp_list_tools", "assistant", { id, server_label, tools, error: null })];
    }
    case "mcp_approval_request": {
      const { id, name, arguments: given, server_label } = item;
      return [dataMessage("mcp_approval_request", "assistant", { id, name, arguments: given, server_label })];
    }
    case "mcp_approval_response": {
      const { approval_request_id, approve, reason = null } = item;
      return [dataMessage("mcp_approval_response", "user", { approval_request_id, approve, reason, id: null })];
    }
    case "compaction":
      return [{ role: "user", content: [{ type: "text", text: fromCompaction(item.encrypted_content) }] }];
    default:
      return unreachable(item);
  }
}

/** A tool that was run on the server's side, with its answer when it had one. */
function toolMessages(item: Extract<InputItem, { type: "mcp_call" }>, agent: string): MessageInput[] {
  const { id, name, arguments: given, server_label, output, error } = item;
  const kind = server_label === agent ? "plugin" : "mcp";
  const call = { call_id: id, name, arguments: given, ...(kind === "mcp" ? { server_label } : {}) };
  const messages = [dataMessage(`${kind}_call`, "assistant", call)];
  const failed = error !== undefined && error !== null;
  if (typeof output === "string" || failed) {
    const text = typeof output === "string" ? output : JSON.stringify(error);
    const data = { call_id: id, name, output: text, ...(failed ? { is_error: true } : {}) };
    messages.push(dataMessage(`${kind}_call_output`, "tool", data));
  }
  return messages;
}

/** What a function has answered: its text, and after it whatever is not text. */
function answer(call: Readonly<Record<string, unknown>>, output: string | readonly InputPart[]): MessageInput {
  const contents = toContents(output);
  const text = contents.map((part) => (part.type === "text" ? part.text : "")).join("");
  const message = dataMessage("function_call_output", "tool", { ...call, output: text });
  return { ...message, content: [...(message.content ?? []), ...contents.filter(({ type }) => type !== "text")] };
}

function dataMessage(type: MessageType, role: Role, data: Record<string, unknown>): MessageInput {
  return { type, role, content: [{ type: "data", data }] };
}

function toContents(content: string | readonly InputPart[]): ContentInput[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return content.map((part): ContentInput => {
    switch (part.type) {
      case "input_text":
      case "output_text":
      case "text":
      case "summary_text":
      case "reasoning_text":
        return { type: "text", text: part.text };
      case "refusal":
        return { type: "refusal", refusal: part.refusal };
      case "input_image":
        return typeof part.image_url === "string"
          ? { type: "image", image_url: part.image_url }
          : toFileContent({ file_id: part.file_id });
      case "input_file":
        return toFileContent(part);
      case "input_audio":
        return { type: "audio", data: part.input_audio.data, format: part.input_audio.format };
      case "input_video":
        return { type: "video", video_url: part.video_url };
      default:
        return unreachable(part);
    }
  });
}
