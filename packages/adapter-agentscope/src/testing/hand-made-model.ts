import type { AgentScript, PromptMessage, ScriptPart } from "@agentscope-runtime/core/testing";
import type { AgentScopeBlock, AgentScopeMessage } from "../agentscope-message.ts";

/** The framework's `ChatResponse`, as far as agents read it. */
export interface ChatResponse {
  type: "chat";
  id: string;
  createdAt: string;
  content: AgentScopeBlock[];
  usage?: { type: "chat_usage"; inputTokens: number; outputTokens: number; time: number };
}

interface ModelCall {
  messages: AgentScopeMessage[];
  tools?: readonly unknown[];
  toolChoice?: string;
}

/** A model, as `Agent` uses it: pieces as they come, and the whole answer as what the generator returns. */
export interface HandMadeModel {
  readonly modelName: string;
  readonly stream: boolean;
  call(options: ModelCall): Promise<ChatResponse | AsyncGenerator<ChatResponse, ChatResponse>>;
}

export interface ScriptedModelOptions {
  readonly script: Pick<AgentScript, "model" | "onModelStopped">;
  readonly signal?: AbortSignal | undefined;
}

/** A model that says what a script says. */
export function scriptedModel({ script, signal }: ScriptedModelOptions): HandMadeModel {
  return {
    modelName: "scripted",
    stream: true,
    call: async ({ messages }) => pieces(script.model(messages.flatMap(toPrompt)), { script, signal }),
  };
}

async function* pieces(
  turn: readonly ScriptPart[],
  { script, signal }: ScriptedModelOptions,
): AsyncGenerator<ChatResponse, ChatResponse> {
  const whole: AgentScopeBlock[] = [];
  for (const [index, part] of turn.entries()) {
    if (part.type === "wait") {
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      script.onModelStopped?.();
      throw new Error("The model was aborted.");
    }
    if (part.type === "fail") throw new Error(part.message);
    if (part.type === "stop") continue; // The framework has no word for why a model stopped.
    const id = `block-${index}`;
    for (const block of blocksOf(part, id)) {
      // The consumer may change what it is given.
      whole.push(...joined(whole.pop(), block));
      yield chat([{ ...block }]);
    }
  }
  return { ...chat(whole), usage: { type: "chat_usage", inputTokens: 10, outputTokens: 5, time: 0 } };
}

function* blocksOf(
  part: Exclude<ScriptPart, { type: "wait" | "fail" | "stop" }>,
  id: string,
): Generator<AgentScopeBlock> {
  switch (part.type) {
    case "text":
      for (const text of part.deltas) yield { type: "text", id, text };
      break;
    case "reasoning":
      for (const thinking of part.deltas) yield { type: "thinking", id, thinking };
      break;
    case "call":
      for (const input of part.pieces ?? [JSON.stringify(part.arguments)]) {
        yield { type: "tool_call", id: part.id, name: part.name, input };
      }
      break;
    case "file":
      yield { type: "data", id, source: { type: "base64", data: part.data, mediaType: part.mediaType } };
      break;
  }
}

function joined(last: AgentScopeBlock | undefined, next: AgentScopeBlock): AgentScopeBlock[] {
  if (last === undefined) return [next];
  if (last.id !== next.id) return [last, next];
  if (last.type === "text" && next.type === "text") return [{ ...last, text: last.text + next.text }];
  if (last.type === "thinking" && next.type === "thinking")
    return [{ ...last, thinking: last.thinking + next.thinking }];
  if (last.type === "tool_call" && next.type === "tool_call") return [{ ...last, input: last.input + next.input }];
  return [last, next];
}

function chat(content: AgentScopeBlock[]): ChatResponse {
  return { type: "chat", id: crypto.randomUUID(), createdAt: new Date().toISOString(), content };
}

/** What a provider is sent: a result is a message of its own, behind the calls; thoughts are left out. */
function toPrompt({ role, content }: AgentScopeMessage): PromptMessage[] {
  const prompt: PromptMessage[] = [];
  let open: { role: PromptMessage["role"]; texts: string[]; files: string[] } | undefined;
  const flush = (): void => {
    if (open !== undefined) prompt.push({ role: open.role, text: open.texts.join(""), files: open.files });
    open = undefined;
  };
  for (const block of content) {
    if (block.type === "tool_result") {
      flush();
      const { output } = block;
      const blocks = typeof output === "string" ? [{ type: "text", text: output } as const] : output;
      prompt.push({
        role: "tool",
        text: blocks.map((each) => (each.type === "text" ? each.text : "")).join(""),
        files: blocks.flatMap((each) => (each.type === "data" ? [each.source.mediaType] : [])),
      });
      continue;
    }
    open ??= { role, texts: [], files: [] };
    if (block.type === "text") open.texts.push(block.text);
    if (block.type === "data") open.files.push(block.source.mediaType);
  }
  flush();
  return prompt;
}
