import {
  functionCallOutputSchema,
  functionCallSchema,
  isTerminalStatus,
  unreachable,
} from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse, Content } from "@agentscope-runtime/protocol";
import { dataOf } from "./data-of.ts";
import { messageKind } from "./message-kind.ts";
import type { MessageKind } from "./message-kind.ts";

/** A piece of progress. Pieces of text, put together, are the text. */
export interface Note {
  readonly message: string;
  /** For programs: what the piece is. */
  readonly about: Readonly<Record<string, unknown>> & { readonly type: Exclude<MessageKind, "approval" | "other"> };
}

interface Open {
  readonly kind: MessageKind;
  /** The part that came in pieces. */
  streamed?: number | null;
}

/** Tells the events of one run as MCP's progress. It keeps of the run only which messages are open, and its end. */
export class RunTelling {
  readonly #open = new Map<string, Open>();
  readonly #names = new Map<string, string>();
  #end: AgentResponse | undefined;

  /** The run's last event, once it was told. */
  get end(): AgentResponse | undefined {
    return this.#end;
  }

  /** What a client is told about one event; often nothing. */
  tell(event: AgentEvent): Note | undefined {
    switch (event.object) {
      case "response":
        if (isTerminalStatus(event.status)) this.#end = event;
        return undefined;
      case "message":
        if (isTerminalStatus(event.status)) this.#open.delete(event.id);
        else if (!this.#open.has(event.id)) this.#open.set(event.id, { kind: messageKind(event.type) });
        return undefined;
      case "content":
        return this.#tellContent(event);
      default:
        return unreachable(event);
    }
  }

  #tellContent(content: Content): Note | undefined {
    const id = content.msg_id ?? "";
    const open = this.#open.get(id);
    if (open?.kind === "text" || open?.kind === "reasoning") return say(open.kind, id, open, content);
    if (content.status !== "completed") return undefined;
    if (open?.kind === "tool_call") return this.#tellCall(id, content);
    return open?.kind === "tool_result" ? this.#tellResult(id, content) : undefined;
  }

  #tellCall(id: string, content: Content): Note | undefined {
    const call = dataOf([content], functionCallSchema);
    if (call === undefined) return undefined;
    const name = call.name ?? "";
    if (call.call_id !== null) this.#names.set(call.call_id, name);
    const about = {
      type: "tool_call" as const,
      message_id: id,
      call_id: call.call_id,
      name,
      arguments: call.arguments ?? "",
    };
    return { message: `Calling ${name}.`, about };
  }

  #tellResult(id: string, content: Content): Note | undefined {
    const answer = dataOf([content], functionCallOutputSchema);
    if (answer === undefined) return undefined;
    const { call_id, output } = answer;
    const isError = answer.is_error === true;
    const about = {
      type: "tool_result" as const,
      message_id: id,
      call_id,
      output,
      ...(isError ? { is_error: true } : {}),
    };
    const name = answer.name ?? this.#names.get(call_id) ?? "The tool";
    return { message: `${name} ${isError ? "failed" : "answered"}.`, about };
  }
}

function say(type: "text" | "reasoning", id: string, open: Open, content: Content): Note | undefined {
  if (content.type !== "text" && content.type !== "refusal") return undefined; // It is in the result.
  if (content.delta === true) open.streamed = content.index;
  else if (open.streamed === content.index) return undefined; // The whole of what came in pieces.
  const message = (content.type === "text" ? content.text : content.refusal) ?? "";
  return message === "" ? undefined : { message, about: { type, message_id: id } };
}
