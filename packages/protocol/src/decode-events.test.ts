import type { AgentEvent } from "./agent-event.ts";
import { decodeEvents } from "./decode-events.ts";

async function* linesOf(values: readonly unknown[]): AsyncGenerator<Uint8Array> {
  const texts = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  for (const text of texts) yield new TextEncoder().encode(`data: ${text}\n\n`);
}

function read(...values: unknown[]): Promise<AgentEvent[]> {
  return Array.fromAsync(decodeEvents(linesOf(values)));
}

const text = { object: "content", type: "text", text: "hi", msg_id: "m1" };
const message = { object: "message", id: "m1" };
const response = { object: "response", id: "r1", created_at: 1 };

describe("decodeEvents", () => {
  it("fills in what an event leaves out", async () => {
    expect(await read(text)).toMatchObject([{ ...text, delta: false, index: null, error: null }]);
  });

  it.each([
    ["the end mark", "[DONE]"],
    ["an unknown object", { object: "trace", id: "t" }],
    ["a Python chunk that is no event", { text: "hello" }],
    ["an unknown type of content", { object: "content", type: "hologram", msg_id: "m1" }],
    ["an event that is broken", { object: "response", id: 7 }],
    ["null", "null"],
    ["a number", "7"],
    ["a list", []],
  ])("leaves out %s", async (_, value) => {
    expect(await read(message, value, text)).toMatchObject([message, text]);
  });

  it("leaves out a message of an unknown type together with its parts", async () => {
    const plan = { object: "message", id: "m2", type: "plan" };
    const ofPlan = { ...text, msg_id: "m2" };
    expect(await read(message, plan, ofPlan, text, ofPlan)).toMatchObject([message, text]);
  });

  it("does not lose the end of a run over a part that it does not know", async () => {
    const known = { ...message, content: [text] };
    const mixed = { ...message, id: "m3", content: [{ type: "hologram" }, text] };
    const output = [known, { object: "message", id: "m2", type: "plan", content: [text] }, mixed];
    expect(await read(mixed, { ...response, status: "completed", output })).toMatchObject([
      { id: "m3", content: [text] },
      { id: "r1", status: "completed", output: [known, { id: "m3", content: [text] }] },
    ]);
  });

  it.each([
    ["a text", { error: "Runner is not ready" }, { code: "internal", message: "Runner is not ready" }],
    [
      "a code and a message",
      { error: { code: "conflict", message: "Busy.", details: { sessionId: "s" } } },
      { code: "conflict", message: "Busy.", details: { sessionId: "s" } },
    ],
    [
      "a code that is not ours",
      { error: { code: "AGENT_UNKNOWN_ERROR", message: "Oh." } },
      { code: "internal", message: "Oh.", details: { code: "AGENT_UNKNOWN_ERROR" } },
    ],
    ["something else", { error: 7 }, { code: "internal", message: "The server reported an error." }],
  ])("throws what an error line says: %s", async (_, line, expected) => {
    const events = decodeEvents(linesOf([message, line, text]));
    expect(await events.next()).toMatchObject({ value: message });
    await expect(events.next()).rejects.toMatchObject({ name: "RuntimeError", ...expected });
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });

  it("gives the error of a response or a message as an event, not as a throw", async () => {
    const failed = { ...response, status: "failed", error: { code: "MODEL_TIMEOUT", message: "Too slow." } };
    expect(await read(failed)).toMatchObject([failed]);
  });

  it("throws when a server sends what is not JSON, without repeating it", async () => {
    const result = read("<html>secret</html>");
    await expect(result).rejects.toMatchObject({
      code: "internal",
      message: "The server sent an event that is not JSON.",
    });
  });

  it("bounds the length of an event", async () => {
    const events = decodeEvents(linesOf([text]), { maxMessageLength: 10 });
    await expect(events.next()).rejects.toMatchObject({ code: "payload_too_large" });
  });
});
