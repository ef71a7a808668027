import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { toOpenAiError } from "./error-body.ts";
import type { ResponseFacts } from "./response-resource.ts";
import { ResponseStory } from "./response-story.ts";
import type { ResponseEvent } from "./response-story.ts";
import { doneFrame, toEventFrame } from "./sse-frame.ts";

/** A run as the frames of a response's stream, behind the event `after` when one is given. */
export async function* responseFrames(
  batches: AsyncIterable<readonly AgentEvent[]>,
  facts: ResponseFacts,
  after = -1,
): AsyncGenerator<string, void, undefined> {
  const story = new ResponseStory(facts);
  let next = 0;
  try {
    for await (const batch of batches) {
      let frames = "";
      for (const event of batch) {
        for (const told of story.tell(event)) {
          next = told.sequence_number + 1;
          if (told.sequence_number > after) frames += toEventFrame(told);
        }
      }
      if (frames !== "") yield frames;
    }
    yield doneFrame;
  } catch (thrown) {
    const failure: ResponseEvent = {
      type: "error",
      sequence_number: next,
      error: toOpenAiError(RuntimeError.from(thrown)),
    };
    yield toEventFrame(failure) + doneFrame;
  }
}
