import type { JsonSchemaType, Tool as McpTool } from "@modelcontextprotocol/client";
import { AjvJsonSchemaValidator } from "@modelcontextprotocol/client/validators/ajv";
import { z } from "zod";
import { defineTool } from "../define-tool.ts";
import { fromMcpResult } from "../from-mcp-result.ts";
import type { Tool } from "../tool.ts";
import type { McpConnection } from "./mcp-connection.ts";

const argumentsSchema = z.record(z.string(), z.unknown());

/** A server's tool as ours, under a name that models take. */
export function toTool(tool: McpTool, name: string, connection: McpConnection): Tool<Record<string, unknown>> {
  const { description, title, annotations = {}, inputSchema } = tool;
  const readOnly = annotations.readOnlyHint === true;
  return defineTool({
    name,
    description: description?.trim() || (title ?? annotations.title ?? `The tool ${tool.name} of ${connection.name}.`),
    input: toInput(inputSchema),
    inputSchema,
    readOnly,
    run: async (value, options) =>
      fromMcpResult(await connection.call({ tool: tool.name, arguments: value, repeatable: readOnly }, options)),
  });
}

/** Refuses what the server's schema does, before it is sent. A schema that is no good is left to the server. */
function toInput(schema: McpTool["inputSchema"]): z.ZodType<Record<string, unknown>> {
  let validate: ReturnType<AjvJsonSchemaValidator["getValidator"]>;
  try {
    validate = new AjvJsonSchemaValidator().getValidator(schema as JsonSchemaType); // Whatever is no schema throws.
  } catch {
    return argumentsSchema;
  }
  return argumentsSchema.superRefine((value, context) => {
    const { valid, errorMessage } = validate(value);
    if (!valid) context.addIssue({ code: "custom", message: errorMessage });
  });
}
