import type { AgentEvent, AgentResponse, Content, Message } from "@agentscope-runtime/protocol";
import { Narrator } from "./narrator.ts";
import type { AgentOutput } from "./agent-output.ts";
import { settled } from "./settled.ts";

/** All events of a run that says these things. */
function eventsOf(...outputs: AgentOutput[]): AgentEvent[] {
  const narrator = new Narrator({ runId: "run", sessionId: "session" });
  const told = outputs.flatMap((output) => narrator.tell(output));
  return [...narrator.begin(), ...told, ...narrator.close(), narrator.end()];
}

function unsettled(events: readonly AgentEvent[]): readonly AgentEvent[] {
  return events.filter((event) => settled(event) === undefined);
}

describe("An event need not be parsed again", () => {
  it("when a run speaks, thinks, refuses and counts", () => {
    const usage = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
    const events = eventsOf(
      "Hello ",
      { type: "reasoning.delta", delta: "hm" },
      { type: "refusal.delta", delta: "no" },
      { type: "usage", usage },
    );
    expect(events.length).toBeGreaterThan(10);
    expect(unsettled(events)).toEqual([]);
    for (const event of events) expect(event).toEqual(JSON.parse(JSON.stringify(event)));
  });

  it("unless an agent may still hold a part of it", () => {
    const data = { when: new Date(0) };
    const content = { object: "content", type: "data", data } as unknown as Content;
    const parts = eventsOf({ type: "content", content });
    expect(unsettled(parts).map(({ object }) => object)).toEqual(["content", "message", "response"]);

    const message = { object: "message", type: "message", content: [{ type: "text", text: "x" }], metadata: data };
    const whole = eventsOf({ type: "message", message: message as unknown as Message });
    expect(unsettled(whole).map(({ object }) => object)).toEqual(["message", "message", "response"]);

    const [begun] = eventsOf();
    const failed = {
      ...(begun as AgentResponse),
      error: { code: "internal", message: "", details: data },
    } as AgentEvent;
    expect(settled(failed)).toBeUndefined();
  });
});
