import type { AgentEvent, AgentResponse, Content, Message } from "@agentscope-runtime/protocol";
import { toToolPart } from "./call-story.ts";
import type { CallStory } from "./call-story.ts";
import { toSpeechParts } from "./speech.ts";
import { StepRule } from "./step-rule.ts";
import { readCall, readOutput, readRequest } from "./story-messages.ts";
import type { UIChunk } from "./ui-chunk.ts";
import type { UIPart } from "./ui-message.ts";

export interface ToUIMessageStreamOptions {
  /** The run goes on with the message that is shown last, such as after an approval. Default false: it is a new message. */
  readonly goesOn?: boolean;
  /** The ids of the calls that a person has just denied, and that the run goes on from. Default: none. */
  readonly denied?: readonly string[];
}

/** Writes the events of one run as chunks. It remembers which messages are open, and the calls that wait. */
export class ChunkWriter {
  readonly #goesOn: boolean;
  readonly #denied: ReadonlySet<string>;
  readonly #messages = new Map<string, Message>();
  readonly #steps = new StepRule();
  /** Calls that nobody has asked an approval for, by id. */
  readonly #calls = new Map<string, CallStory>();
  /** How much of a call's arguments has been told. */
  readonly #told = new Map<string, string>();
  /** The text that is being told. */
  #open: string | undefined;
  #started = false;
  #inStep = false;

  constructor({ goesOn = false, denied = [] }: ToUIMessageStreamOptions) {
    this.#goesOn = goesOn;
    this.#denied = new Set(denied);
  }

  *write(event: AgentEvent): Generator<UIChunk> {
    if (event.object === "response") {
      if (event.completed_at !== null) yield* this.#end(event);
    } else if (event.object === "message") {
      this.#messages.set(event.id, event);
    } else {
      const message = this.#messages.get(event.msg_id ?? "");
      if (message !== undefined) yield* this.#content(message, event);
    }
  }

  *#content(message: Message, content: Content): Generator<UIChunk> {
    const { type } = message;
    const isDone = content.status !== "in_progress";
    if (type === "message" || type === "reasoning") yield* this.#speech(message, content, isDone);
    else if (type.endsWith("_call_output")) yield* this.#output(withContent(message, content), isDone);
    else if (type === "mcp_approval_request") yield* this.#request(withContent(message, content));
    else if (type.endsWith("_call")) yield* this.#call(withContent(message, content), isDone);
  }

  *#speech(message: Message, content: Content, isDone: boolean): Generator<UIChunk> {
    const { type, text } = spoken(content);
    const of = message.type === "reasoning" ? "reasoning" : "text";
    if (type === undefined) {
      if (!isDone) return;
      yield* this.#begin(message.id);
      for (const part of toSpeechParts(withContent(message, content), undefined)) yield* chunkOf(part);
      return;
    }
    const id = `${message.id}/${content.index ?? 0}`;
    if (this.#open !== id) {
      if (isDone && text === "") return;
      yield* this.#begin(message.id);
      yield { type: `${of}-start`, id };
      if (content.delta !== true && text !== "") yield { type: `${of}-delta`, id, delta: text };
      this.#open = id;
    }
    if (content.delta === true && text !== "") yield { type: `${of}-delta`, id, delta: text };
    if (!isDone) return;
    yield { type: `${of}-end`, id };
    this.#open = undefined;
  }

  *#call(message: Message, isDone: boolean): Generator<UIChunk> {
    const story = readCall(message);
    if (story === undefined) return;
    const { callId, arguments: text } = story;
    const told = this.#told.get(callId);
    if (told === undefined) {
      yield* this.#begin(message.id);
      yield { type: "tool-input-start", ...toolOf(story) };
    }
    const more = text.slice(told?.length ?? 0);
    this.#told.set(callId, text);
    if (more !== "") yield { type: "tool-input-delta", toolCallId: callId, inputTextDelta: more };
    if (isDone) yield* this.#called(story);
  }

  *#called(story: CallStory): Generator<UIChunk> {
    this.#calls.set(story.callId, story);
    this.#told.delete(story.callId);
    yield { type: "tool-input-available", ...toolOf(story), input: toToolPart(story).input };
  }

  *#request(message: Message): Generator<UIChunk> {
    const story = readRequest(message);
    if (story === undefined) return;
    const input = JSON.stringify(toToolPart(story).input);
    const same = (call: CallStory): boolean =>
      call.name === story.name && JSON.stringify(toToolPart(call).input) === input;
    const call = [...this.#calls.values()].find(same) ?? story;
    if (!this.#calls.has(call.callId)) {
      yield* this.#begin(message.id);
      yield* this.#called(call);
    }
    this.#calls.delete(call.callId);
    yield { type: "tool-approval-request", approvalId: story.approvalId, toolCallId: call.callId };
  }

  *#output(message: Message, isDone: boolean): Generator<UIChunk> {
    const read = readOutput(message);
    if (read === undefined) return;
    const { callId: toolCallId, output } = read;
    const story = this.#calls.get(toolCallId) ?? { kind: "plugin", callId: toolCallId, name: "", arguments: "" };
    const part = toToolPart({ ...story, output });
    // A call of an earlier run may be answered before anything is said.
    if (!this.#started) yield* this.#start(message.id);
    if (this.#denied.has(toolCallId)) {
      if (isDone) yield { type: "tool-output-denied", toolCallId };
    } else if (part.state === "output-error") {
      if (isDone) yield { type: "tool-output-error", toolCallId, errorText: part.errorText };
    } else if (part.state === "output-available") {
      yield { type: "tool-output-available", toolCallId, output: part.output, ...(!isDone && { preliminary: true }) };
    }
    if (!isDone) return;
    this.#calls.delete(toolCallId);
    this.#steps.answered();
  }

  *#end(response: AgentResponse): Generator<UIChunk> {
    if (!this.#started) yield* this.#start(response.id);
    if (this.#inStep) yield { type: "finish-step" };
    const { status, error } = response;
    if (status === "canceled") yield { type: "abort" };
    else if (error !== null) yield { type: "error", errorText: error.message };
    else yield { type: "finish", finishReason: reasonOf(response) };
  }

  *#begin(messageId: string): Generator<UIChunk> {
    if (!this.#started) yield* this.#start(messageId);
    if (!this.#steps.wouldBegin(true)) return;
    this.#steps.begun();
    if (this.#inStep) yield { type: "finish-step" };
    this.#inStep = true;
    yield { type: "start-step" };
  }

  *#start(messageId: string): Generator<UIChunk> {
    this.#started = true;
    yield { type: "start", ...(!this.#goesOn && { messageId }) };
  }
}

function spoken(content: Content): { readonly type: "text" | undefined; readonly text: string } {
  if (content.type === "text") return { type: "text", text: content.text ?? "" };
  if (content.type === "refusal") return { type: "text", text: content.refusal ?? "" };
  return { type: undefined, text: "" };
}

function withContent(message: Message, content: Content): Message {
  return { ...message, content: [content] };
}

/** Parts that come whole are chunks already. */
function* chunkOf(part: UIPart): Generator<UIChunk> {
  if (part.type === "file") yield { type: "file", url: part.url, mediaType: part.mediaType };
  else if (part.type === "source-url" || part.type === "source-document") yield part;
  else if ("data" in part) yield part;
}

function toolOf(story: CallStory) {
  const { toolCallId, toolMetadata } = toToolPart(story);
  const dynamic = story.kind === "mcp" ? ({ dynamic: true } as const) : {};
  return { toolCallId, toolName: story.name, ...dynamic, ...(toolMetadata && { toolMetadata }) };
}

function reasonOf({ incomplete_details: details }: AgentResponse): "stop" | "length" | "content-filter" | "other" {
  switch (details?.reason) {
    case undefined:
      return "stop";
    case "max_tokens":
      return "length";
    case "content_filter":
      return "content-filter";
    default:
      return "other";
  }
}
