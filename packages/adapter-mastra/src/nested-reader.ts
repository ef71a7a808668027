import type { AgentOutput } from "@agentscope-runtime/core";
import { isAgentChunk } from "./mastra-chunk.ts";
import type { MastraAgentChunk } from "./mastra-chunk.ts";

/** What reads the chunks of one agent. */
interface Reader {
  read(chunk: MastraAgentChunk): Generator<AgentOutput>;
}

/** Reads the stream of an agent that is a tool of another one. */
export class NestedReader {
  readonly #callId: string;
  readonly #reader: Reader;
  #text = "";
  #told = 0;

  constructor(callId: string, reader: Reader) {
    this.#callId = callId;
    this.#reader = reader;
  }

  /**
   * Its text, as far as there is any, as strings: it is the call's result so far. Its calls under ids of their own, its files and
   * usage as they are. It neither ends the run nor asks anybody: the agent around it does.
   */
  *read(chunk: MastraAgentChunk): Generator<AgentOutput> {
    switch (chunk.type) {
      case "error":
      case "abort":
      case "finish":
      case "tripwire":
      case "reasoning-delta":
      case "tool-call-approval":
      case "tool-call-suspended":
      case "object-result":
        break;
      case "workflow-step-output":
        if (isAgentChunk(chunk.payload.output)) yield* this.read(chunk.payload.output);
        break;
      case "text-delta":
        yield* this.#speech(chunk.payload.text);
        break;
      case "step-finish":
        yield* this.#rest();
        yield* this.#reader.read(chunk);
        break;
      case "tool-call-input-streaming-start":
      case "tool-call-delta":
      case "tool-call":
      case "tool-output":
      case "tool-result":
      case "tool-error":
      case "tool-output-denied":
      case "file":
      case "source":
        for (const output of this.#reader.read(chunk)) yield this.#renamed(output);
    }
  }

  /** All of the text so far, told again each time that it has grown by a quarter: five times its length in all. */
  *#speech(text: string): Generator<AgentOutput> {
    this.#text += text;
    if (this.#text.length >= this.#told * 1.25) yield* this.#rest();
  }

  *#rest(): Generator<AgentOutput> {
    if (this.#text.length === this.#told) return;
    this.#told = this.#text.length;
    yield this.#text;
  }

  /** Two agents may count their calls alike. */
  #renamed(output: AgentOutput): AgentOutput {
    if (typeof output === "string" || !("callId" in output)) return output;
    return { ...output, callId: nestedCallId(this.#callId, output.callId) };
  }
}

/** The id of a call that an agent makes while it answers another call. */
function nestedCallId(outer: string, inner: string): string {
  return `${outer}/${inner}`;
}
