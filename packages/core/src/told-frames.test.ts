import { agentResponseSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import type { LiveEntry } from "./live-entry.ts";
import { nextOf } from "./takeable.ts";
import type { Takeable, Taker } from "./takeable.ts";
import { toldFrames } from "./told-frames.ts";
import type { RunTeller } from "./told-frames.ts";

interface Source extends Takeable<readonly LiveEntry[]> {
  readonly left: boolean;
}

/** Gives these batches, and then ends as it is told to. */
function sourceOf(batches: readonly (readonly LiveEntry[])[], failure?: unknown): Source {
  const rest = [...batches];
  let left = false;
  const source: Source = {
    get left() {
      return left;
    },
    take(taker: Taker<readonly LiveEntry[]>) {
      const batch = rest.shift();
      if (batch !== undefined) taker.onItem(batch);
      else if (failure === undefined) taker.onEnd();
      else taker.onFailure(failure);
    },
    next: (): Promise<IteratorResult<readonly LiveEntry[], undefined>> => nextOf(source),
    return: () => {
      left = true;
      return Promise.resolve({ done: true as const, value: undefined });
    },
    [Symbol.asyncIterator]: () => source,
  };
  return source;
}

function event(id: string): AgentEvent {
  return agentResponseSchema.parse({ id, object: "response", status: "in_progress", created_at: 1 });
}

/** Says the ids, and nothing of those that are empty. */
const teller: RunTeller = {
  tell: (told) => {
    if (told.object !== "response" || told.id === "bug") throw new Error("A bug.");
    return told.id;
  },
  fail: ({ code }) => `!${code}`,
};

const asText = (id: string): LiveEntry => ({ sequence: 0, data: JSON.stringify(event(id)) });
const asValue = (id: string): LiveEntry => ({ sequence: 0, data: "never parsed", event: event(id) });

describe("toldFrames", () => {
  it("tells each batch in one piece, from the values where there are some", async () => {
    const frames = toldFrames(sourceOf([[asText("a"), asValue("b")], [asText("c")]]), teller);
    expect(await Array.fromAsync(frames)).toEqual(["ab", "c"]);
  });

  it("goes on when a batch has nothing to tell", async () => {
    expect(await Array.fromAsync(toldFrames(sourceOf([[asText("")], [asText("a")], [asText("")]]), teller))).toEqual([
      "a",
    ]);
  });

  it("ends with the failure in the teller's words when the source fails", async () => {
    const lost = new RuntimeError("unavailable", "Away.");
    expect(await Array.fromAsync(toldFrames(sourceOf([[asText("a")]], lost), teller))).toEqual(["a", "!unavailable"]);
  });

  it("ends with a failure, and leaves the source, when the teller has a bug", async () => {
    const source = sourceOf([[asText("a"), asText("bug")], [asText("b")]]);
    expect(await Array.fromAsync(toldFrames(source, teller))).toEqual(["a!internal"]);
    expect(source.left).toBe(true);
  });

  it("leaves the source when it is left", async () => {
    const source = sourceOf([[asText("a")], [asText("b")]]);
    for await (const frames of toldFrames(source, teller)) {
      expect(frames).toBe("a");
      break;
    }
    expect(source.left).toBe(true);
  });
});
