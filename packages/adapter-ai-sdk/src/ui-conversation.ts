import { parseArguments } from "@agentscope-runtime/core/adapter";
import type { Message } from "@agentscope-runtime/protocol";
import type { CallStory } from "./call-story.ts";
import { toSpeechParts } from "./speech.ts";
import { readCall, readOutput, readRequest, readResponse } from "./story-messages.ts";
import type { UIMessage } from "./ui-message.ts";
import { leftoverOf } from "./ui-notes.ts";
import type { StoryStep } from "./ui-notes.ts";
import { UITurn } from "./ui-turn.ts";
import type { CallSlot } from "./ui-turn.ts";

const saidToAgent = new Set(["message", "component_call_output", "a2ui_action"]);

/** Puts messages together as the SDK's, one after the other. */
export class UIConversation {
  readonly #fileProvider: string | undefined;
  readonly #turns: UITurn[] = [];
  /** Calls that wait for an answer, by id. */
  readonly #waiting = new Map<string, CallSlot>();
  readonly #approvals = new Map<string, CallSlot>();
  /** The call that the message before this one began. */
  #newest: CallSlot | undefined;

  constructor(fileProvider: string | undefined) {
    this.#fileProvider = fileProvider;
  }

  add(message: Message): void {
    const newest = this.#newest;
    if (!this.#tellCall(message)) this.#speech(message);
    if (this.#newest === newest) this.#newest = undefined;
  }

  end(): UIMessage[] {
    return this.#turns.map((turn) => turn.end());
  }

  /** False when the message is about no call, or cannot stand at one: it is carried as it is then. */
  #tellCall(message: Message): boolean {
    const { type } = message;
    if (type === "function_call" || type === "plugin_call" || type === "mcp_call") return this.#call(message);
    if (type === "mcp_approval_request") return this.#request(message);
    if (type === "mcp_approval_response") return this.#response(message);
    const isOutput = type === "function_call_output" || type === "plugin_call_output" || type === "mcp_call_output";
    return isOutput && this.#output(message);
  }

  #speech(message: Message): void {
    const { role, type } = message;
    const own = saidToAgent.has(type) && (role === null || role === "user" || role === "system");
    const turn = own ? this.#begin(role === "system" ? "system" : "user") : this.#agent(message);
    turn.say(message, toSpeechParts(message, this.#fileProvider));
  }

  #call(message: Message): boolean {
    const story = readCall(message);
    if (story === undefined) return false;
    const waiting = this.#waiting.get(story.callId);
    if (waiting === undefined) {
      this.#open(story, "call", message);
      return true;
    }
    // A provider tells a call again once a person has approved it.
    const again = waiting.placed.call === undefined && waiting.turn === this.#turns.at(-1);
    return again && isSame(waiting.story, story) && this.#tell(waiting, "call", message);
  }

  #request(message: Message): boolean {
    const story = readRequest(message);
    if (story === undefined || this.#approvals.has(story.approvalId)) return false;
    const asks = (slot: CallSlot): boolean => slot.placed.request === undefined && isSame(slot.story, story);
    const known =
      this.#newest !== undefined && asks(this.#newest) ? this.#newest : [...this.#waiting.values()].find(asks);
    if (known === undefined && this.#waiting.has(story.callId)) return false;
    if (known !== undefined) this.#tell(known, "request", message);
    this.#approvals.set(story.approvalId, known ?? this.#open(story, "request", message));
    return true;
  }

  #response(message: Message): boolean {
    const slot = this.#approvals.get(readResponse(message)?.approvalId ?? "");
    if (slot === undefined || slot.placed.response !== undefined || slot.placed.output !== undefined) return false;
    return this.#tell(slot, "response", message);
  }

  #output(message: Message): boolean {
    const callId = readOutput(message)?.callId ?? "";
    const slot = this.#waiting.get(callId);
    if (slot === undefined) return false;
    this.#waiting.delete(callId);
    return this.#tell(slot, "output", message);
  }

  #open(story: CallStory, part: "call" | "request", message: Message): CallSlot {
    const slot = this.#agent(message).begin(story, part, message);
    this.#waiting.set(story.callId, slot);
    this.#newest = slot;
    return slot;
  }

  #tell(slot: CallSlot, part: StoryStep, message: Message): true {
    slot.turn.tell(slot, part, { message, late: this.#turns.at(-1) !== slot.turn });
    return true;
  }

  /** The agent's turn that goes on, or a new one. */
  #agent(message: Message): UITurn {
    const last = this.#turns.at(-1);
    return last?.role === "assistant" && leftoverOf(message).start !== true ? last : this.#begin("assistant");
  }

  #begin(role: UIMessage["role"]): UITurn {
    const turn = new UITurn(role);
    this.#turns.push(turn);
    return turn;
  }
}

function isSame(one: CallStory, other: CallStory): boolean {
  const [input, otherInput] = [one, other].map((story) => JSON.stringify(parseArguments(story.arguments)));
  return one.name === other.name && input === otherInput;
}
