import { isObject } from "@agentscope-runtime/core/adapter";
import type { BareContent, BareMessage } from "@agentscope-runtime/core/adapter";
import { asText } from "./as-text.ts";
import { fromUserContent, imageUrl } from "./from-user-content.ts";
import { fromItemOutput } from "./tool-output.ts";

type Fields = Readonly<Record<string, unknown>>;

/** What an item says, as one message, or two where it is a call and its answer at once. */
export function bareOf(item: object): BareMessage[] {
  const fields = { ...item } as Fields; // To look at what is there.
  const { type = "message" } = fields;
  switch (type) {
    case "message":
      return [speech(fields)];
    case "reasoning":
      return [{ type: "reasoning", role: "assistant", content: [...thoughts(fields)] }];
    case "function_call":
      return [call(fields["callId"], fields["name"], fields["arguments"])];
    case "function_call_result": {
      const { callId, name, output } = fields;
      return [answer(callId, { name, output: fromItemOutput(output) })];
    }
    case "hosted_tool_call":
      return hostedCall(fields);
    default:
      return [otherItem(asText(type), fields)];
  }
}

function speech({ role, content }: Fields): BareMessage {
  const said = typeof content === "string" ? [{ type: "text", text: content }] : list(content).flatMap(fromContent);
  return { type: "message", role: typeof role === "string" ? role : "user", content: said };
}

function fromContent(part: unknown): BareContent[] {
  if (!isObject(part)) return [];
  if (part["type"] === "output_text") return [{ type: "text", text: part["text"] }];
  if (part["type"] === "refusal") return [{ type: "refusal", refusal: part["refusal"] }];
  if (part["type"] === "image" && typeof part["image"] === "string") {
    return [{ type: "image", image_url: imageUrl(part["image"]) }];
  }
  return fromUserContent(part);
}

/** The summary, or the thoughts themselves where there is none. */
export function thoughts({ content, rawContent }: Fields): BareContent[] {
  const summary = list(content);
  return (summary.length > 0 ? summary : list(rawContent)).flatMap((part) =>
    isObject(part) && typeof part["text"] === "string" ? [{ type: "text", text: part["text"] }] : [],
  );
}

/** A tool that the provider runs: its call and its answer are one item. */
function hostedCall(item: Fields): BareMessage[] {
  const { callId, name, arguments: text, output, serverLabel } = hostedToolCall(item);
  const kind = serverLabel === undefined ? "plugin" : "mcp";
  const begun = call(callId, name, text, { kind, serverLabel });
  return output === undefined
    ? [begun]
    : [begun, answer(callId, { kind, name, output: output.text, isError: output.isError })];
}

export interface HostedToolCall {
  readonly callId: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
  /** Of the MCP server that runs it. */
  readonly serverLabel: string | undefined;
  readonly output: { readonly text: string; readonly isError: boolean } | undefined;
}

/** A call of a tool that the provider runs, of an MCP server or of its own. */
export function hostedToolCall(item: Fields): HostedToolCall {
  const data = isObject(item["providerData"]) ? item["providerData"] : {};
  const callId = asText(item["id"] ?? data["id"] ?? item["name"]);
  const text = item["arguments"] ?? data["arguments"] ?? data["action"] ?? data["queries"] ?? data["code"];
  const error = data["error"] ?? undefined;
  const said = error ?? item["output"];
  const isMcp = typeof data["server_label"] === "string";
  return {
    callId,
    name: asText(isMcp ? (data["name"] ?? item["name"]) : item["name"]),
    arguments: typeof text === "string" && item["name"] !== "code_interpreter_call" ? text : JSON.stringify(text ?? {}),
    serverLabel: isMcp ? asText(data["server_label"]) : undefined,
    output:
      said === undefined && item["status"] !== "completed"
        ? undefined
        : { text: asText(said ?? item["status"]), isError: error !== undefined },
  };
}

/** What models have no function for: a computer's, a shell's or a patch's call or answer, or whatever comes. */
function otherItem(type: string, item: Fields): BareMessage {
  const name = toolNameOf(type);
  if (typeof item["callId"] !== "string") return { type: "message", role: "assistant", content: [] };
  if (/_(output|result)$/.test(type)) {
    return answer(item["callId"], { name, output: asText(item["output"]), isError: item["status"] === "failed" });
  }
  return call(item["callId"], name, argumentsOf(item));
}

/** `shell_call` and `shell_call_output` are of the tool `shell`. */
export function toolNameOf(type: string): string {
  return type.replace(/(_call)?(_(output|result))?$/, "");
}

/** What such a call asks for, as JSON text. */
export function argumentsOf({ action, actions, operation, code, arguments: text }: Fields): string {
  if (typeof text === "string") return text;
  if (Array.isArray(actions)) return JSON.stringify({ actions });
  if (typeof code === "string") return JSON.stringify({ code });
  return JSON.stringify(action ?? operation ?? text ?? {});
}

interface CallOrigin {
  readonly kind: "plugin" | "mcp";
  readonly serverLabel: string | undefined;
}

function call(callId: unknown, name: unknown, text: unknown, origin?: CallOrigin): BareMessage {
  const label = origin?.serverLabel === undefined ? {} : { server_label: origin.serverLabel };
  const data = { call_id: callId, name, arguments: text, ...label };
  return { type: `${origin?.kind ?? "plugin"}_call`, role: "assistant", content: [{ type: "data", data }] };
}

interface Answer {
  readonly kind?: "plugin" | "mcp";
  readonly name: unknown;
  readonly output: string;
  readonly isError?: boolean;
}

function answer(callId: unknown, { kind = "plugin", name, output, isError = false }: Answer): BareMessage {
  const data = { call_id: callId, name, output, ...(isError && { is_error: true }) };
  return { type: `${kind}_call_output`, role: "tool", content: [{ type: "data", data }] };
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
