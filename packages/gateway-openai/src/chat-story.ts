import type { AgentEvent, AgentResponse, Content, Message } from "@agentscope-runtime/protocol";
import { dataOf, textField } from "./message-data.ts";

interface ChatToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

/** What one event adds to a completion. */
export type ChatDelta =
  | { readonly content: string }
  | { readonly refusal: string }
  | { readonly reasoning_content: string }
  | { readonly tool_calls: readonly (ChatToolCall & { readonly index: number })[] };

type Voice = "content" | "refusal" | "reasoning_content";

interface OpenMessage {
  readonly type: Message["type"];
  /** The part whose text has been told as deltas. */
  told: number | undefined;
}

/** A completion is one message, so those of a run are told as its paragraphs. */
const paragraph = "\n\n";

/**
 * Tells a run as the one message of a chat completion: text, refusals, reasoning, and the calls that the client runs. What
 * a completion has no words for, such as the agent's own tools, is left out.
 */
export class ChatStory {
  readonly #open = new Map<string, OpenMessage>();
  /** By voice: the message that spoke last. */
  readonly #speakers = new Map<Voice, string>();
  #calls = 0;

  /** How many calls wait for the client. */
  get calls(): number {
    return this.#calls;
  }

  /** All of a run that has ended, as if its events had come one by one. */
  tellAll({ output }: AgentResponse): ChatDelta[] {
    return (output ?? []).flatMap((message) => [
      ...this.tell({ ...message, status: "in_progress", content: null }),
      ...(message.content ?? []).flatMap((part) => this.tell({ ...part, msg_id: message.id })),
      ...this.tell(message),
    ]);
  }

  /** What the event adds; often one delta, sometimes none. */
  tell(event: AgentEvent): ChatDelta[] {
    if (event.object === "content") return this.#tellPart(event);
    if (event.object === "response") return [];
    if (event.status !== "completed" && event.status !== "incomplete") {
      this.#open.set(event.id, { type: event.type, told: undefined });
      return [];
    }
    this.#open.delete(event.id);
    return event.type === "function_call" ? [this.#call(event)] : [];
  }

  #tellPart(part: Content): ChatDelta[] {
    const { msg_id: messageId, index } = part;
    const open = messageId === null ? undefined : this.#open.get(messageId);
    const voice = open && voiceOf(open.type, part);
    if (open === undefined || voice === undefined || messageId === null) return [];
    // The whole of a part repeats its deltas, if there were any.
    if (part.delta !== true && open.told === index) return [];
    open.told = index ?? undefined;
    const said = part.type === "refusal" ? part.refusal : part.type === "text" ? part.text : null;
    if (said === null || said === "") return [];
    const before = this.#speakers.get(voice);
    this.#speakers.set(voice, messageId);
    const text = before === undefined || before === messageId ? said : `${paragraph}${said}`;
    if (voice === "content") return [{ content: text }];
    return [voice === "refusal" ? { refusal: text } : { reasoning_content: text }];
  }

  #call(message: Message): ChatDelta {
    const data = dataOf(message);
    const call = {
      index: this.#calls,
      id: textField(data, "call_id"),
      type: "function" as const,
      function: { name: textField(data, "name"), arguments: textField(data, "arguments") },
    };
    this.#calls += 1;
    return { tool_calls: [call] };
  }
}

function voiceOf(type: Message["type"], part: Content): Voice | undefined {
  if (part.type !== "text" && part.type !== "refusal") return undefined;
  if (type === "reasoning") return "reasoning_content";
  if (type !== "message") return undefined;
  return part.type === "refusal" ? "refusal" : "content";
}
