import { messageSchema, parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { Message, MessageInput } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { fromToolOutput, parseToolOutput } from "./from-tool-output.ts";
import type { AiSdkToolOutput } from "./from-tool-output.ts";
import { toDataUrl } from "./to-data-url.ts";
import { toolOrigin } from "./tool-origin.ts";
import { fromUIPart } from "./ui-content.ts";

export interface FromModelMessagesOptions {
  /** Names of the tools that the client runs: their calls are `function_call`s. Default: none. */
  readonly clientTools?: readonly string[];
}

/** A `ModelMessage` of AI SDK 6 or 7. */
export interface AnyModelMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string | readonly object[];
}

const toolFields = { toolCallId: z.string(), toolName: z.string() };
const metadata = z.record(z.string(), z.record(z.string(), z.unknown())).optional();

const partSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({ type: z.literal("reasoning"), text: z.string() }),
  z.object({ type: z.literal("file"), data: z.unknown(), mediaType: z.string(), filename: z.string().optional() }),
  z.object({ type: z.literal("image"), image: z.unknown(), mediaType: z.string().optional() }),
  z.object({
    type: z.literal("tool-call"),
    ...toolFields,
    input: z.unknown().optional(),
    providerExecuted: z.boolean().optional(),
    providerOptions: metadata,
  }),
  z.object({ type: z.literal("tool-result"), ...toolFields, output: z.unknown() }),
  z.object({ type: z.literal("tool-approval-request"), approvalId: z.string(), toolCallId: z.string() }),
  z.object({
    type: z.literal("tool-approval-response"),
    approvalId: z.string(),
    approved: z.boolean(),
    reason: z.string().optional(),
  }),
  // What nobody but the SDK and its providers can read.
  z.object({ type: z.enum(["custom", "reasoning-file"]) }),
]);

const modelMessageSchema = z.object({
  role: z.enum(["system", "user", "assistant", "tool"]),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]),
});

type Part = z.output<typeof partSchema>;
type SpeechPart = Extract<Part, { type: "text" | "file" | "image" }>;

interface KnownCall {
  readonly name: string;
  readonly arguments: string;
  readonly kind: "plugin" | "mcp" | "function";
  readonly serverLabel: string | undefined;
}

/**
 * The model's messages of AI SDK 6 and 7, such as `result.responseMessages`, as ours. They have no ids and no metadata, so these are
 * new; provider options, custom parts and reasoning files are left out.
 *
 * Throws `invalid_argument` with the place of what is no message.
 */
export function fromModelMessages(
  messages: readonly AnyModelMessage[],
  options: FromModelMessagesOptions = {},
): Message[] {
  const reader = new ModelReader(new Set(options.clientTools));
  return messages.flatMap((message, index) => {
    const { role, content } = parse(modelMessageSchema, message, `messages[${index}]`);
    const parts = typeof content === "string" ? [{ type: "text", text: content }] : content;
    const read = parts.map((part, at) => parse(partSchema, part, `messages[${index}].content[${at}] (${part.type})`));
    return reader.read(role, read).map((input) => messageSchema.parse({ status: "completed", ...input }));
  });
}

/** It remembers calls: results and approvals name them by their ids only. */
class ModelReader {
  readonly #clientTools: ReadonlySet<string>;
  readonly #calls = new Map<string, KnownCall>();

  constructor(clientTools: ReadonlySet<string>) {
    this.#clientTools = clientTools;
  }

  read(role: AnyModelMessage["role"], parts: readonly Part[]): MessageInput[] {
    const messages: MessageInput[] = [];
    let open: SpeechPart[] | undefined;
    const close = (): void => {
      if (open !== undefined) messages.push({ role, content: open.flatMap((part) => contentOf(part, role)) });
      open = undefined;
    };
    for (const part of parts) {
      if (part.type !== "text" && part.type !== "file" && part.type !== "image") {
        close();
        messages.push(...this.#other(part));
        continue;
      }
      // A block of the agent's text is a message of its own.
      if (role === "assistant" && part.type === "text") close();
      open = [...(open ?? []), part];
    }
    close();
    return messages;
  }

  #other(part: Exclude<Part, SpeechPart>): MessageInput[] {
    switch (part.type) {
      case "reasoning":
        return [{ type: "reasoning", role: "assistant", content: [{ type: "text", text: part.text }] }];
      case "tool-call":
        return [this.#call(part)];
      case "tool-result":
        return [this.#result(part)];
      case "tool-approval-request":
        return [this.#request(part)];
      case "tool-approval-response": {
        const { approvalId, approved, reason } = part;
        const answer = { approval_request_id: approvalId, approve: approved, ...(reason !== undefined && { reason }) };
        return [dataMessage("mcp_approval_response", "user", answer)];
      }
      case "custom":
      case "reasoning-file":
        return [];
    }
  }

  #call(part: Extract<Part, { type: "tool-call" }>): MessageInput {
    const { toolCallId, toolName, input } = part;
    const { kind = "plugin", serverLabel } = toolOrigin(
      { ...part, providerMetadata: part.providerOptions },
      this.#clientTools,
    );
    const call = { name: toolName, arguments: JSON.stringify(input ?? {}), kind, serverLabel };
    this.#calls.set(toolCallId, call);
    const label = kind === "mcp" ? { server_label: serverLabel ?? null } : {};
    const data = { call_id: toolCallId, name: toolName, arguments: call.arguments, ...label };
    return dataMessage(`${kind}_call`, "assistant", data);
  }

  #result({ toolCallId, toolName, output }: Extract<Part, { type: "tool-result" }>): MessageInput {
    const told = parseToolOutput(output);
    if (told === undefined) {
      throw new RuntimeError("invalid_argument", `The result of ${toolCallId} is none that the SDK knows.`);
    }
    const kind = this.#calls.get(toolCallId)?.kind ?? (this.#clientTools.has(toolName) ? "function" : "plugin");
    const { text, isError } = textOf(told);
    const failed = isError ? { is_error: true } : {};
    return dataMessage(`${kind}_call_output`, "tool", { call_id: toolCallId, name: toolName, output: text, ...failed });
  }

  #request({ approvalId, toolCallId }: Extract<Part, { type: "tool-approval-request" }>): MessageInput {
    const call = this.#calls.get(toolCallId);
    if (call === undefined) {
      throw new RuntimeError("invalid_argument", `The approval ${approvalId} is for a call that is not there.`);
    }
    const { name, serverLabel = "" } = call;
    const data = { id: approvalId, name, arguments: call.arguments, server_label: serverLabel };
    return dataMessage("mcp_approval_request", "assistant", data);
  }
}

function contentOf(part: SpeechPart, role: string): NonNullable<MessageInput["content"]> {
  if (part.type === "text") return [{ type: "text", text: part.text }];
  const { mediaType = "image/*" } = part;
  const file = {
    ...toDataUrl(part.type === "image" ? part.image : part.data, mediaType),
    type: "file" as const,
    mediaType,
    ...("filename" in part && part.filename !== undefined && { filename: part.filename }),
  };
  const content = fromUIPart(file, role);
  // It is one of a file, in our words.
  return content === undefined ? [] : [content as NonNullable<MessageInput["content"]>[number]];
}

/** A text as the text it is, a value as JSON, and what has images as a result of our own tools. */
function textOf(output: AiSdkToolOutput): { readonly text: string; readonly isError: boolean } {
  if (output.type === "text" || output.type === "error-text") {
    return { text: output.value, isError: output.type === "error-text" };
  }
  if (output.type === "json" || output.type === "error-json") {
    return { text: JSON.stringify(output.value ?? null), isError: output.type === "error-json" };
  }
  const result = fromToolOutput(output);
  const [first] = result.content;
  if (result.isError && first?.type === "text") return { text: first.text, isError: true };
  return { text: JSON.stringify(result), isError: result.isError };
}

function dataMessage(
  type: NonNullable<MessageInput["type"]>,
  role: "assistant" | "tool" | "user",
  data: Record<string, unknown>,
): MessageInput {
  return { type, role, content: [{ type: "data", data }] };
}
