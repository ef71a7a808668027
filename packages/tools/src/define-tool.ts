import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { textResult } from "./tool-result.ts";
import type { ToolResult } from "./tool-result.ts";
import type { Tool, ToolInputSchema, ToolRunOptions } from "./tool.ts";

export interface ToolDefinition<Input> {
  /** 1 to 64 letters, digits, `_` and `-`: what every model provider takes. */
  readonly name: string;
  /** For the model: what it does and when to use it. */
  readonly description: string;
  /** An object; each field with a `describe` that helps the model. */
  readonly input: z.ZodType<Input>;
  /** Where the schema is not zod's own, such as that of an MCP server. Default: made from `input`. */
  readonly inputSchema?: ToolInputSchema;
  /** It only looks: calling it again changes nothing. Default false. */
  readonly readOnly?: boolean;
  /** A string is a result of one text. */
  run(input: Input, options: ToolRunOptions): Promise<ToolResult | string> | ToolResult | string;
}

const legalName = /^[A-Za-z0-9_-]{1,64}$/;

/** Makes a tool. `invalid_argument` when a model provider would refuse its name, description or schema. */
export function defineTool<Input>(definition: ToolDefinition<Input>): Tool<Input> {
  const { name, description, input, readOnly = false } = definition;
  if (!legalName.test(name)) {
    const message = `The tool's name ${JSON.stringify(name)} is refused by models: use 1 to 64 letters, digits, "_" and "-".`;
    throw new RuntimeError("invalid_argument", message);
  }
  if (description.trim() === "") {
    throw new RuntimeError("invalid_argument", `The tool ${name} has no description: tell the model what it does.`);
  }
  return {
    name,
    description,
    input,
    inputSchema: definition.inputSchema ?? toInputSchema(name, input),
    readOnly,
    run: async (value, options = {}) => {
      options.signal?.throwIfAborted();
      const result = await definition.run(value, options);
      return typeof result === "string" ? textResult(result) : result;
    },
  };
}

function toInputSchema(name: string, input: z.ZodType): ToolInputSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(input, { io: "input" });
  if (schema.type === "object") return { ...schema, type: "object" };
  throw new RuntimeError("invalid_argument", `The tool ${name} takes no object: models send one, so use z.object.`);
}
