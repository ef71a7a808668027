import { RuntimeError } from "@agentscope-runtime/protocol";
import { untilAborted } from "@agentscope-runtime/services";
import { defineTool, textResult } from "@agentscope-runtime/tools";
import type { Tool, ToolContent, ToolInputSchema, ToolResult, ToolRunOptions } from "@agentscope-runtime/tools";
import { z } from "zod";
import type { AgentScopeToolResponse, AnyAgentScopeTool } from "./agentscope-tool.ts";
import { toPiece } from "./tool-output.ts";

/**
 * Tools that were written for AgentScope as ours, such as `toolkit.tools`. What they yield so far is told by `onUpdate`; an
 * abort ends the waiting, and a generator. As in the framework they get the arguments as the model wrote them, once these fit.
 *
 * A confirmation that a tool asks for is not carried: ask for an approval before you run it. `invalid_argument` for a tool without `call`,
 * which only the client can run.
 */
export function fromAgentScopeTools(tools: Iterable<AnyAgentScopeTool>): Tool[] {
  return [...tools].map(fromAgentScopeTool);
}

function fromAgentScopeTool({ name, description, inputSchema, call }: AnyAgentScopeTool): Tool {
  if (call === undefined) {
    const message = `The tool ${name} has no \`call\`: the client runs it, so offer it in the request's \`tools\`.`;
    throw new RuntimeError("invalid_argument", message);
  }
  const isZod = "_zod" in inputSchema;
  // The framework's word: it is a schema of one of its two kinds.
  const schema = isZod ? (inputSchema as z.ZodType) : toZod(inputSchema);
  return defineTool({
    name,
    description,
    input: unchanged(schema),
    inputSchema: isZod ? toJsonSchema(inputSchema as z.ZodType) : (inputSchema as ToolInputSchema),
    run: async (input, options) => answerOf(() => call(input as never), options),
  });
}

const argumentsSchema = z.record(z.string(), z.unknown());

/** Refuses what the schema does, and leaves the rest as it is. */
function unchanged(schema: z.ZodType | undefined): z.ZodType<Record<string, unknown>> {
  if (schema === undefined) return argumentsSchema;
  return argumentsSchema.superRefine((value, context) => {
    for (const { path, message } of schema.safeParse(value).error?.issues ?? []) {
      context.addIssue({ code: "custom", path, message });
    }
  });
}

/** Undefined for a schema that zod cannot read: the tool has to do without. */
function toZod(schema: object): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]); // What is no schema throws.
  } catch {
    return undefined;
  }
}

function toJsonSchema(schema: z.ZodType): ToolInputSchema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return { ...rest, type: "object" };
}

async function answerOf(call: () => unknown, { signal, onUpdate }: ToolRunOptions): Promise<ToolResult> {
  const value = await untilAborted(Promise.resolve(call()), signal);
  if (!isIterator(value)) return toResult([value]);
  const pieces: unknown[] = [];
  try {
    for (;;) {
      const next = await untilAborted(Promise.resolve(value.next()), signal);
      if (next.done === true) return toResult(pieces);
      pieces.push(next.value);
      onUpdate?.(toResult(pieces));
    }
  } catch (thrown) {
    // Not waited for: a generator that hangs would not come back.
    Promise.resolve(value.return?.(undefined)).catch(() => undefined);
    throw thrown;
  }
}

function isIterator(value: unknown): value is Iterator<unknown> | AsyncIterator<unknown> {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}

/** Texts continue each other; the last state counts. */
function toResult(pieces: readonly unknown[]): ToolResult {
  const content: ToolContent[] = [];
  let isError = false;
  for (const piece of pieces) {
    const result = isResponse(piece)
      ? fromResponse(piece)
      : textResult(typeof piece === "string" ? piece : textOf(piece));
    ({ isError } = result);
    for (const next of result.content) {
      const last = content.at(-1);
      if (next.type === "text" && last?.type === "text") {
        content[content.length - 1] = { type: "text", text: last.text + next.text };
      } else content.push(next);
    }
  }
  return { content, isError };
}

function textOf(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined; // Undefined for a tool that says nothing.
  return json ?? "";
}

function isResponse(value: unknown): value is AgentScopeToolResponse {
  return (
    typeof value === "object" &&
    value !== null &&
    "state" in value &&
    "content" in value &&
    Array.isArray(value.content)
  );
}

function fromResponse({ content, state }: AgentScopeToolResponse): ToolResult {
  return { content: content.map(toPiece), isError: state === "error" || state === "interrupted" };
}
