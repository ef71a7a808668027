import { z } from "zod";

/** The parameters of a function, as JSON Schema. Keywords that are not listed are kept. */
export const functionParametersSchema = z.looseObject({
  type: z.literal("object"),
  properties: z.record(z.string(), z.unknown()),
  required: z.array(z.string()).nullable(),
});

/** A function as a model sees it. Fields that a provider adds, such as `strict`, are kept. */
export const functionToolSchema = z.looseObject({
  name: z.string(),
  description: z.string(),
  parameters: z.union([functionParametersSchema, z.record(z.string(), z.unknown())]),
});

/**
 * A tool that the caller offers; the caller runs it when the agent answers with a `function_call`. Fields that are not
 * listed are kept.
 */
export const toolSchema = z.looseObject({
  type: z.string().nullable().default("function"),
  function: functionToolSchema.nullable().default(null),
});

const optionalText = z.string().nullable().default(null);

/** `data` of a `function_call` or `plugin_call`. `arguments` is JSON text. */
export const functionCallSchema = z.object({ call_id: optionalText, name: optionalText, arguments: optionalText });

/** `data` of a `function_call_output` or `plugin_call_output`. `is_error` is there when the tool failed. */
export const functionCallOutputSchema = z.object({
  call_id: z.string(),
  name: optionalText,
  output: z.string(),
  is_error: z.boolean().optional(),
});

/** `data` of an `mcp_call`. */
export const mcpCallSchema = z.object({
  call_id: optionalText,
  name: optionalText,
  arguments: optionalText,
  server_label: optionalText,
});

/** `data` of an `mcp_call_output`. */
export const mcpCallOutputSchema = z.object(functionCallOutputSchema.shape);

export const mcpListToolsToolSchema = z.object({
  input_schema: z.unknown(),
  name: z.string(),
  annotations: z.unknown().default(null),
  description: optionalText,
});

/** `data` of an `mcp_list_tools`. */
export const mcpListToolsSchema = z.object({
  id: z.string(),
  server_label: z.string(),
  tools: z.array(mcpListToolsToolSchema),
  error: optionalText,
});

/** `data` of an `mcp_approval_request`: the agent asks before it runs a tool. */
export const mcpApprovalRequestSchema = z.object({
  id: z.string(),
  arguments: z.string(),
  name: z.string(),
  server_label: z.string(),
});

/** `data` of an `mcp_approval_response`: a person's answer. */
export const mcpApprovalResponseSchema = z.object({
  approval_request_id: z.string(),
  approve: z.boolean(),
  id: optionalText,
  reason: optionalText,
});

/** A call as a `component_call` carries it. */
export const toolCallSchema = z.object({ call_id: z.string(), name: z.string(), arguments: z.string() });

/** An answer as a `component_call_output` carries it. */
export const toolCallOutputSchema = z.object({ call_id: z.string(), output: z.string() });

export type FunctionParameters = z.infer<typeof functionParametersSchema>;
export type FunctionTool = z.infer<typeof functionToolSchema>;
export type Tool = z.infer<typeof toolSchema>;
export type FunctionCall = z.infer<typeof functionCallSchema>;
export type FunctionCallOutput = z.infer<typeof functionCallOutputSchema>;
export type McpCall = z.infer<typeof mcpCallSchema>;
export type McpCallOutput = z.infer<typeof mcpCallOutputSchema>;
export type McpListToolsTool = z.infer<typeof mcpListToolsToolSchema>;
export type McpListTools = z.infer<typeof mcpListToolsSchema>;
export type McpApprovalRequest = z.infer<typeof mcpApprovalRequestSchema>;
export type McpApprovalResponse = z.infer<typeof mcpApprovalResponseSchema>;
export type ToolCall = z.infer<typeof toolCallSchema>;
export type ToolCallOutput = z.infer<typeof toolCallOutputSchema>;
