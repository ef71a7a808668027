import type { AgentScopeEvent } from "./agentscope-event.ts";
import type { AnyAgentScopeMessage } from "./agentscope-message.ts";

/** What an agent has said in the model call that is under way, which the framework keeps only when the call is done. */
export class SaidText {
  #text = "";
  #isOver = false;

  read(event: AgentScopeEvent): void {
    // An answer is kept at the latest before the next event.
    if (this.#isOver) this.#text = "";
    this.#isOver = event.type === "MODEL_CALL_ENDED";
    if (event.type === "MODEL_CALL_STARTED") this.#text = "";
    if (event.type === "TEXT_BLOCK_DELTA") this.#text += event.delta;
  }

  /** What would be lost if the reply ended now. */
  lost(context: readonly AnyAgentScopeMessage[]): string {
    const isKept = context.at(-1)?.content.some((block) => block.type === "text" && block.text === this.#text);
    return isKept === true ? "" : this.#text;
  }
}
