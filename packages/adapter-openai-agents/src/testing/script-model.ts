import type { AgentScript, ModelTurn, PromptMessage, ScriptPart } from "@agentscope-runtime/core/testing";
import { ModelBehaviorError, Usage } from "@openai/agents";
import type { AgentInputItem, Model, ModelRequest, ModelResponse, StreamEvent } from "@openai/agents";
import { outputValue } from "../tool-output.ts";

type Output = Extract<StreamEvent, { type: "response_done" }>["response"]["output"][number];

const usage = { inputTokens: 10, outputTokens: 5, totalTokens: 15 };

/** A model of the SDK's that says what a script says, and streams it with the events that OpenAI's Responses send. */
export class ScriptModel implements Model {
  readonly #script: Pick<AgentScript, "model" | "onModelStopped">;

  constructor(script: Pick<AgentScript, "model" | "onModelStopped">) {
    this.#script = script;
  }

  async getResponse(request: ModelRequest): Promise<ModelResponse> {
    for await (const event of this.getStreamedResponse(request)) {
      if (event.type !== "response_done") continue;
      return { output: event.response.output, usage: new Usage(usage), responseId: event.response.id };
    }
    throw new Error("The script has no end.");
  }

  async *getStreamedResponse(request: ModelRequest): AsyncGenerator<StreamEvent> {
    const turn = this.#script.model(toPrompt(request));
    yield { type: "response_started" };
    const output: Output[] = [];
    for (const [index, part] of turn.entries()) {
      if (part.type === "wait") await this.#wait(request.signal);
      else if (part.type === "fail") throw new Error(part.message);
      else yield* partOf(part, `item-${index}`, output);
    }
    yield* incomplete(turn);
    yield { type: "response_done", response: { id: crypto.randomUUID(), usage, output } };
  }

  async #wait(signal: AbortSignal | undefined): Promise<never> {
    await new Promise((resolve) => signal?.addEventListener("abort", resolve));
    this.#script.onModelStopped?.();
    throw signal?.reason;
  }
}

function raw(event: object): StreamEvent {
  return { type: "model", event, providerData: { rawModelEventSource: "openai-responses" } };
}

/** As the SDK's own model does: the provider's event, and then an error. */
function* incomplete(turn: ModelTurn): Generator<StreamEvent> {
  const stop = turn.find((part) => part.type === "stop");
  if (stop === undefined) return;
  const reason = stop.reason === "max_tokens" ? "max_output_tokens" : stop.reason;
  yield raw({
    type: "response.incomplete",
    response: {
      incomplete_details: { reason },
      usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
    },
  });
  throw new ModelBehaviorError('The request ended with unsuccessful terminal state "response.incomplete".');
}

function* partOf(
  part: Exclude<ScriptPart, { type: "wait" | "fail" }>,
  id: string,
  output: Output[],
): Generator<StreamEvent> {
  switch (part.type) {
    case "text": {
      for (const delta of part.deltas) yield { type: "output_text_delta", delta, itemId: id };
      const text = part.deltas.join("");
      output.push({
        type: "message",
        id,
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text }],
      });
      break;
    }
    case "reasoning":
      for (const delta of part.deltas) {
        yield raw({ type: "response.reasoning_summary_text.delta", item_id: id, summary_index: 0, delta });
      }
      output.push({ type: "reasoning", id, content: [{ type: "input_text", text: part.deltas.join("") }] });
      break;
    case "call": {
      const { id: callId, name, pieces } = part;
      if (name === "apply_patch") {
        output.push({ type: "apply_patch_call", id, callId, status: "completed", operation: part.arguments as never });
        break;
      }
      const text = JSON.stringify(part.arguments);
      yield raw({ type: "response.output_item.added", item: { type: "function_call", id, call_id: callId, name } });
      for (const delta of pieces ?? [text]) {
        yield raw({ type: "response.function_call_arguments.delta", item_id: id, delta });
      }
      output.push({ type: "function_call", id, callId, name, status: "completed", arguments: text });
      break;
    }
    case "file":
      output.push({
        type: "hosted_tool_call",
        id,
        name: "image_generation_call",
        status: "completed",
        output: part.data,
        providerData: { type: "image_generation_call", output_format: part.mediaType.replace("image/", "") },
      });
      break;
    case "stop":
      break;
  }
}

/** What the model was shown, whatever the form. */
function toPrompt({ input, systemInstructions }: ModelRequest): PromptMessage[] {
  const items = typeof input === "string" ? [{ role: "user" as const, content: input }] : input;
  const shown = items.flatMap(toMessage);
  if (systemInstructions === undefined || systemInstructions === "") return shown;
  return [{ role: "system", text: systemInstructions, files: [] }, ...shown];
}

function toMessage(item: AgentInputItem): PromptMessage[] {
  if (item.type === "function_call") return [{ role: "assistant", text: item.name, files: [] }];
  if (item.type === "function_call_result") return [answerOf(item.output)];
  if (!("role" in item)) return [];
  const { role, content } = item;
  if (typeof content === "string") return [{ role, text: content, files: [] }];
  const texts = content.map((part) => ("text" in part ? part.text : ""));
  const files = content.flatMap((part) =>
    part.type === "input_image" && typeof part.image === "string" ? [typeOf(part.image)] : [],
  );
  return [{ role, text: texts.join(""), files }];
}

function answerOf(output: unknown): PromptMessage {
  const value = outputValue(output);
  if (typeof value === "string") return { role: "tool", text: value, files: [] };
  const texts = value.content.map((part) => (part.type === "text" ? part.text : ""));
  const files = value.content.flatMap((part) => (part.type === "image" ? [part.mediaType] : []));
  return { role: "tool", text: texts.join(""), files };
}

function typeOf(url: string): string {
  return /^data:([^;]*)/.exec(url)?.[1] ?? url;
}
