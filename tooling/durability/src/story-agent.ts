import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { setTimeout as sleep } from "node:timers/promises";

/** What a story is asked for: its one message is this as JSON. */
export interface StoryOrder {
  /** How many pieces of text. */
  readonly pieces: number;
  readonly intervalMs?: number;
  /** Characters of each piece. */
  readonly size?: number;
  /** Each piece replaces the one before it, as the progress of a tool does: much is said, and little stays. */
  readonly replacing?: boolean;
  /** Something to do once in the session, before the story: what `effect` is called with. */
  readonly once?: string;
  /** In place of a story: something to do when a person allows it. */
  readonly ask?: string;
}

/** What a person is asked: its id is the name of the effect too. */
function question(name: string): Extract<AgentOutput, { type: "approval.request" }> {
  return { type: "approval.request", id: name, name: "effect", arguments: { name } };
}

function progress(output: string): AgentOutput {
  return { type: "tool.result", callId: "long", name: "watch", output, preliminary: true };
}

/** Tells as many pieces as it is asked for. What must happen once is noted, and told first. */
export function storyAgent(effect: (name: string) => Promise<void>): QueryHandler {
  return async function* ({ input }, { signal, once, isApproved }) {
    const part = input.at(-1)?.content?.[0];
    if (part?.type === "data") {
      const { approval_request_id: name } = part.data as { approval_request_id: string }; // A person's answer.
      const asked = question(name);
      yield isApproved(asked.name, asked.arguments) ? await doOnce(name) : `may not ${name}`;
      // It has told what it did, and goes on: until it is killed.
      if (name.startsWith("endless")) await sleep(600_000, undefined, { signal });
      return;
    }
    const order = JSON.parse(part?.type === "text" ? (part.text ?? "") : "") as StoryOrder; // The tests'.
    if (order.ask !== undefined) {
      yield question(order.ask);
      return;
    }
    if (order.once !== undefined) yield await doOnce(order.once);
    for (let piece = 0; piece < order.pieces; piece += 1) {
      const text = `${piece} `.padEnd(order.size ?? 0, "x");
      yield order.replacing === true ? progress(text) : text;
      if (order.intervalMs !== undefined) await sleep(order.intervalMs, undefined, { signal });
    }

    async function doOnce(name: string): Promise<string> {
      try {
        return await once(name, async () => {
          await effect(name);
          return `did ${name} `;
        });
      } catch (thrown) {
        if (RuntimeError.is(thrown) && thrown.code === "conflict") return `refused ${name} `;
        throw thrown;
      }
    }
  };
}
