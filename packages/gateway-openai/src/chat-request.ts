import { agentRequestSchema, parse, unreachable } from "@agentscope-runtime/protocol";
import type { AgentRequest, ContentInput, MessageInput } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { toFileContent } from "./file-content.ts";

const text = z.looseObject({ type: z.literal("text"), text: z.string() });
const refusal = z.looseObject({ type: z.literal("refusal"), refusal: z.string() });
const image = z.looseObject({ type: z.literal("image_url"), image_url: z.looseObject({ url: z.string() }) });
const audio = z.looseObject({
  type: z.literal("input_audio"),
  input_audio: z.looseObject({ data: z.string(), format: z.string() }),
});
const video = z.looseObject({ type: z.literal("video_url"), video_url: z.looseObject({ url: z.string() }) });
const file = z.looseObject({
  type: z.literal("file"),
  file: z.looseObject({
    file_data: z.string().optional(),
    file_id: z.string().optional(),
    filename: z.string().optional(),
  }),
});

const textContent = z.union([z.string(), z.array(text)]);
const partSchema = z.discriminatedUnion("type", [text, refusal, image, audio, video, file]);
type Part = z.output<typeof partSchema>;

const toolCallSchema = z.looseObject({
  id: z.string().min(1),
  type: z.literal("function").default("function"),
  function: z.looseObject({ name: z.string().min(1), arguments: z.string() }),
});

const messageSchema = z.discriminatedUnion("role", [
  z.looseObject({ role: z.enum(["system", "developer"]), content: textContent }),
  z.looseObject({
    role: z.literal("user"),
    content: z.union([z.string(), z.array(z.discriminatedUnion("type", [text, image, audio, video, file]))]),
  }),
  z.looseObject({
    role: z.literal("assistant"),
    content: z.union([z.string(), z.array(z.discriminatedUnion("type", [text, refusal]))]).nullish(),
    refusal: z.string().nullish(),
    reasoning_content: z.string().nullish(),
    tool_calls: z.array(toolCallSchema).nullish(),
  }),
  z.looseObject({ role: z.literal("tool"), tool_call_id: z.string().min(1), content: textContent }),
]);
type ChatMessage = z.output<typeof messageSchema>;

/** The body of `POST /chat/completions`. Fields that are not listed reach the agent as they are. */
export const chatRequestSchema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(messageSchema).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  n: z.literal(1, "this server gives one choice: leave n out, or send 1").nullish(),
  max_tokens: z.int().nullish(),
  max_completion_tokens: z.int().nullish(),
  tools: z.array(z.looseObject({ type: z.string() })).nullish(),
});

export type ChatRequest = z.output<typeof chatRequestSchema>;

/** What the agent is asked. The whole conversation is its input: a completion belongs to no session of its own. */
export function toAgentRequest({ messages, ...body }: ChatRequest, model: string | null): AgentRequest {
  return parse(
    agentRequestSchema,
    { ...body, model, input: toMessages(messages), max_tokens: body.max_tokens ?? body.max_completion_tokens ?? null },
    "request",
  );
}

function toMessages(messages: readonly ChatMessage[]): MessageInput[] {
  const names = new Map<string, string>();
  return messages.flatMap((message): MessageInput[] => {
    switch (message.role) {
      case "system":
      case "developer":
        return [{ role: "system", content: toContents(message.content) }];
      case "user":
        return [{ role: "user", content: toContents(message.content) }];
      case "assistant": {
        const { tool_calls: calls } = message;
        for (const { id, function: called } of calls ?? []) names.set(id, called.name);
        return [...saidBy(message), ...(calls ?? []).map(toCall)];
      }
      case "tool": {
        const data = {
          call_id: message.tool_call_id,
          name: names.get(message.tool_call_id) ?? null,
          output: textOf(message.content),
        };
        return [{ type: "function_call_output", role: "tool", content: [{ type: "data", data }] }];
      }
      default:
        return unreachable(message);
    }
  });
}

function saidBy(message: Extract<ChatMessage, { role: "assistant" }>): MessageInput[] {
  const { content, refusal: refused, reasoning_content: reasoning } = message;
  const messages: MessageInput[] = [];
  if (typeof reasoning === "string" && reasoning !== "") {
    messages.push({ type: "reasoning", role: "assistant", content: [{ type: "text", text: reasoning }] });
  }
  const parts = toContents(content ?? "");
  if (typeof refused === "string" && refused !== "") parts.push({ type: "refusal", refusal: refused });
  if (parts.length > 0) messages.push({ role: "assistant", content: parts });
  return messages;
}

function toCall({ id, function: called }: z.output<typeof toolCallSchema>): MessageInput {
  const data = { call_id: id, name: called.name, arguments: called.arguments };
  return { type: "function_call", role: "assistant", content: [{ type: "data", data }] };
}

function toContents(content: string | readonly Part[]): ContentInput[] {
  if (typeof content === "string") return content === "" ? [] : [{ type: "text", text: content }];
  return content.map((part): ContentInput => {
    switch (part.type) {
      case "text":
        return { type: "text", text: part.text };
      case "refusal":
        return { type: "refusal", refusal: part.refusal };
      case "image_url":
        return { type: "image", image_url: part.image_url.url };
      case "input_audio":
        return { type: "audio", data: part.input_audio.data, format: part.input_audio.format };
      case "video_url":
        return { type: "video", video_url: part.video_url.url };
      case "file":
        return toFileContent(part.file);
      default:
        return unreachable(part);
    }
  });
}

function textOf(content: z.output<typeof textContent>): string {
  return typeof content === "string" ? content : content.map((part) => part.text).join("");
}
