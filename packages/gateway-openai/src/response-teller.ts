import type { RunTeller } from "@agentscope-runtime/core";
import { isTerminalStatus } from "@agentscope-runtime/protocol";
import type { AgentEvent, RuntimeError } from "@agentscope-runtime/protocol";
import { toOpenAiError } from "./error-body.ts";
import { ResponseEventEncoder } from "./response-event-encoder.ts";
import type { ResponseFacts } from "./response-resource.ts";
import { ResponseStory } from "./response-story.ts";
import { doneFrame, toEventFrame } from "./sse-frame.ts";

/** Tells a run as the frames of a response's stream, behind the event `after` when one is given. */
export class ResponseTeller implements RunTeller {
  readonly #story: ResponseStory;
  readonly #after: number;
  readonly #encoder = new ResponseEventEncoder();
  #next = 0;

  constructor(facts: ResponseFacts, after = -1) {
    this.#story = new ResponseStory(facts);
    this.#after = after;
  }

  tell(event: AgentEvent): string {
    let frames = "";
    for (const told of this.#story.tell(event)) {
      this.#next = told.sequence_number + 1;
      if (told.sequence_number > this.#after) frames += toEventFrame(told.type, this.#encoder.encode(told));
    }
    return event.object === "response" && isTerminalStatus(event.status) ? frames + doneFrame : frames;
  }

  fail(error: RuntimeError): string {
    const event = { type: "error", sequence_number: this.#next, error: toOpenAiError(error) };
    return toEventFrame(event.type, JSON.stringify(event)) + doneFrame;
  }
}
