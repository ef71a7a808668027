import { z } from "zod";

const optionalText = z.string().nullish();

const partSchema = z.discriminatedUnion("type", [
  z.looseObject({
    type: z.enum(["input_text", "output_text", "text", "summary_text", "reasoning_text"]),
    text: z.string(),
  }),
  z.looseObject({ type: z.literal("refusal"), refusal: z.string() }),
  z.looseObject({ type: z.literal("input_image"), image_url: optionalText, file_id: optionalText }),
  z.looseObject({
    type: z.literal("input_file"),
    file_id: optionalText,
    file_url: optionalText,
    file_data: optionalText,
    filename: optionalText,
  }),
  z.looseObject({
    type: z.literal("input_audio"),
    input_audio: z.looseObject({ data: z.string(), format: z.string() }),
  }),
  z.looseObject({ type: z.literal("input_video"), video_url: z.string() }),
]);

/** One part of an item, of a caller or of an agent. */
export type InputPart = z.output<typeof partSchema>;

const content = z.union([z.string(), z.array(partSchema)]);
const callId = z.string().min(1);

const itemSchema = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("message"), role: z.enum(["user", "assistant", "system", "developer"]), content }),
  z.looseObject({
    type: z.literal("reasoning"),
    summary: z.array(z.looseObject({ text: z.string() })).nullish(),
    content: z.array(z.looseObject({ text: z.string() })).nullish(),
  }),
  z.looseObject({ type: z.literal("function_call"), call_id: callId, name: z.string().min(1), arguments: z.string() }),
  z.looseObject({ type: z.literal("function_call_output"), call_id: callId, output: content }),
  z.looseObject({ type: z.literal("custom_tool_call"), call_id: callId, name: z.string().min(1), input: z.string() }),
  z.looseObject({ type: z.literal("custom_tool_call_output"), call_id: callId, output: content }),
  z.looseObject({
    type: z.literal("mcp_call"),
    id: z.string().min(1),
    name: z.string(),
    arguments: z.string(),
    server_label: z.string(),
    output: optionalText,
    error: z.unknown(),
  }),
  z.looseObject({
    type: z.literal("mcp_list_tools"),
    id: z.string(),
    server_label: z.string(),
    tools: z.array(z.unknown()),
  }),
  z.looseObject({
    type: z.literal("mcp_approval_request"),
    id: z.string(),
    name: z.string(),
    arguments: z.string(),
    server_label: z.string(),
  }),
  z.looseObject({
    type: z.literal("mcp_approval_response"),
    approval_request_id: z.string().min(1),
    approve: z.boolean(),
    reason: optionalText,
  }),
  z.looseObject({ type: z.literal("compaction"), encrypted_content: z.string() }),
  z.looseObject({ type: z.literal("item_reference"), id: z.string().min(1) }),
]);

/** An item that a caller sends. Without a `type` it is a message when it has a role, else a reference. */
export const inputItemSchema = z.preprocess(withType, itemSchema);

export type InputItem = z.output<typeof itemSchema>;

/** A caller's input as items: a text is a message of the user. */
export function toInputItems(input: string | readonly InputItem[] | null | undefined): readonly InputItem[] {
  if (typeof input !== "string") return input ?? [];
  return [{ type: "message", role: "user", content: [{ type: "input_text", text: input }] }];
}

function withType(item: unknown): unknown {
  if (typeof item !== "object" || item === null) return item;
  const { type, role } = item as { readonly type?: unknown; readonly role?: unknown };
  if (type !== undefined && type !== null) return item;
  return { ...item, type: role === undefined ? "item_reference" : "message" };
}
