import { agentRequestSchema, idSchema, parse } from "@agentscope-runtime/protocol";
import type { AgentRequest, MessageInput } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { inputItemSchema } from "./input-item.ts";

const number = z.number().nullish();
const text = z.string().nullish();
const flag = z.boolean().nullish();

const toolSchema = z.union([
  z.looseObject({
    type: z.literal("function"),
    name: z.string().min(1),
    description: text,
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: flag,
  }),
  z.looseObject({ type: z.string().refine((type) => type !== "function", "a function needs a name") }),
]);

/** What callers note on a response or a conversation. */
export const metadataSchema = z
  .record(z.string().max(64), z.string().max(512))
  .refine((metadata) => Object.keys(metadata).length <= 16, "at most 16 pairs");

/** What a response repeats. */
const askedSchema = z.object({
  model: z.string().min(1).nullish(),
  instructions: text,
  previous_response_id: z.string().min(1).nullish(),
  conversation: z.union([idSchema.transform((id) => ({ id })), z.object({ id: idSchema })]).nullish(),
  store: flag,
  background: flag,
  tools: z.array(toolSchema).nullish(),
  tool_choice: z.union([z.enum(["none", "auto", "required"]), z.looseObject({ type: z.string() })]).nullish(),
  parallel_tool_calls: flag,
  max_tool_calls: z.int().min(1).nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  temperature: number,
  top_p: number,
  presence_penalty: number,
  frequency_penalty: number,
  top_logprobs: z.int().min(0).max(20).nullish(),
  text: z.looseObject({ format: z.looseObject({ type: z.string() }).nullish() }).nullish(),
  reasoning: z.looseObject({ effort: text, summary: text }).nullish(),
  truncation: z.enum(["auto", "disabled"]).nullish(),
  service_tier: text,
  metadata: metadataSchema.nullish(),
  safety_identifier: text,
  prompt_cache_key: text,
  user: text,
});

/** What was asked, without the input and as it was sent. */
export type Asked = z.output<typeof askedSchema>;

/** The body of `POST /responses`. Fields that are not listed reach the agent as they are. */
export const responseRequestSchema = z.looseObject({
  ...askedSchema.shape,
  input: z.union([z.string(), z.array(inputItemSchema)]).nullish(),
  stream: flag,
});

export type ResponseRequest = z.output<typeof responseRequestSchema>;

/** What the response is to repeat later. */
export function askedOf(request: ResponseRequest): Asked {
  const names = Object.keys(askedSchema.shape) as (keyof Asked)[]; // The keys of its own schema.
  return Object.fromEntries(names.flatMap((name) => (request[name] === undefined ? [] : [[name, request[name]]])));
}

/** What the gateway says about a run, beside what the caller asked. */
export interface RunFrame {
  readonly runId: string;
  readonly model: string | null;
  readonly messages: readonly MessageInput[];
  readonly sessionId: string | undefined;
  readonly userId: string | undefined;
}

/** What the agent is asked. Functions are nested as on our own wire; everything else is as it was sent. */
export function toAgentRequest(body: ResponseRequest, frame: RunFrame): AgentRequest {
  const { tools, max_output_tokens: maxTokens, background } = body;
  const { runId, model, messages, sessionId, userId } = frame;
  return parse(
    agentRequestSchema,
    {
      ...body,
      ...(background === true ? { on_disconnect: "continue" } : {}),
      ...(sessionId === undefined ? {} : { session_id: sessionId }),
      ...(userId === undefined ? {} : { user_id: userId }),
      id: runId,
      model,
      input: messages,
      max_tokens: maxTokens ?? null,
      tools: tools?.map(toTool) ?? null,
    },
    "request",
  );
}

function toTool(tool: z.output<typeof toolSchema>): Readonly<Record<string, unknown>> {
  if (tool.type !== "function") return tool;
  const { type, name, description, parameters, ...rest } = tool as Extract<typeof tool, { type: "function" }>;
  const empty = { type: "object", properties: {} };
  return {
    type,
    function: { ...rest, name, description: description ?? "", parameters: parameters ?? empty },
  };
}
