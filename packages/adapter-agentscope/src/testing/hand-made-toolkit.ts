import type { AgentScopeToolCallBlock, AgentScopeToolState } from "../agentscope-message.ts";
import type { AgentScopeToolResponse, AnyAgentScopeTool } from "../agentscope-tool.ts";

type Responses = AsyncGenerator<AgentScopeToolResponse, AgentScopeToolResponse>;

/** A toolkit that does what the framework's does, its quirks included. */
export class HandMadeToolkit {
  readonly tools: readonly AnyAgentScopeTool[];

  constructor({ tools = [] }: { tools?: readonly AnyAgentScopeTool[] } = {}) {
    // Shallow spreads: what sits on a prototype is lost.
    this.tools = tools.map((tool) => ({ ...tool, type: "function" }));
  }

  requireUserConfirm(name: string): boolean {
    return this.tools.find((tool) => tool.name === name)?.requireUserConfirm === true;
  }

  requireExternalExecution(name: string): boolean {
    const tool = this.tools.find((each) => each.name === name);
    return tool !== undefined && tool.call === undefined;
  }

  async *callToolFunction({ name, input }: AgentScopeToolCallBlock): Responses {
    const tool = this.tools.find((each) => each.name === name);
    if (tool === undefined) return yield* said(`FunctionNotFoundError: ${name}`, "error");
    if (tool.call === undefined) throw new Error(`Tool ${name} is external.`);
    try {
      const value = await (tool.call as (value: unknown) => unknown)(parsed(input));
      if (value === null || value === undefined) throw new Error("no result");
      if (isIterator(value)) return yield* streamed(value);
      if (!isResponse(value)) return yield* said(textOf(value), "running");
      yield value;
      return value;
    } catch (thrown) {
      return yield* said(`ToolExecutionError: ${thrown instanceof Error ? thrown.message : String(thrown)}`, "error");
    }
  }
}

async function* said(text: string, state: AgentScopeToolState): Responses {
  const response = toResponse(text, state);
  yield response;
  return response;
}

/** Looks one ahead: a piece comes only when the next one is ready. All of it is a success, whatever the pieces say. */
async function* streamed(iterator: Iterator<unknown> | AsyncIterator<unknown>): Responses {
  const pieces: AgentScopeToolResponse[] = [];
  let next = await iterator.next();
  while (next.done !== true) {
    const value: unknown = next.value;
    const piece = isResponse(value) ? value : toResponse(textOf(value), "running");
    next = await iterator.next();
    pieces.push(piece);
    yield piece;
  }
  const whole = toResponse("", "success");
  whole.content = [];
  for (const block of pieces.flatMap(({ content }) => content)) {
    const last = whole.content.at(-1);
    if (last?.type === "text" && block.type === "text") last.text += block.text;
    else whole.content.push({ ...block });
  }
  return whole;
}

function toResponse(text: string, state: AgentScopeToolState): AgentScopeToolResponse {
  return {
    content: [{ type: "text", id: crypto.randomUUID(), text }],
    id: crypto.randomUUID(),
    createdAt: new Date().toISOString(),
    metadata: {},
    state,
    isLast: true,
    isInterrupted: false,
    stream: false,
  };
}

/** What the framework checks; one field of it is not declared. */
function isResponse(value: unknown): value is AgentScopeToolResponse {
  if (typeof value !== "object" || value === null) return false;
  const fields = value as Record<string, unknown>;
  return (
    typeof fields["id"] === "string" &&
    typeof fields["createdAt"] === "string" &&
    Array.isArray(fields["content"]) &&
    typeof fields["metadata"] === "object" &&
    ["stream", "isLast", "isInterrupted"].every((name) => typeof fields[name] === "boolean") &&
    ["success", "error", "interrupted", "running"].includes(String(fields["state"]))
  );
}

function isIterator(value: unknown): value is Iterator<unknown> | AsyncIterator<unknown> {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : String(value);
}

function parsed(input: string): unknown {
  try {
    return JSON.parse(input);
  } catch {
    return {};
  }
}
