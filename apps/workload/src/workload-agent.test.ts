import { Runner } from "@agentscope-runtime/core";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { workloadAgent } from "./workload-agent.ts";

async function run(text: string): Promise<AgentEvent[]> {
  await using runner = new Runner({ queryHandler: workloadAgent });
  await runner.start();
  return await Array.fromAsync(runner.streamQuery({ input: [{ role: "user", content: [{ type: "text", text }] }] }));
}

function deltas(events: readonly AgentEvent[]): string[] {
  return events.flatMap((event) =>
    event.object === "content" && event.type === "text" && event.delta === true ? [event.text ?? ""] : [],
  );
}

describe("the workload agent", () => {
  it("yields exactly what its order says", async () => {
    const events = await run(JSON.stringify({ tokens: 3, text: "x", toolCalls: 2, reasoning: 1 }));
    expect(deltas(events)).toEqual(["x", "x", "x", "x"]);
    const last = events.at(-1);
    const types = last?.object === "response" ? last.output?.map(({ type }) => type) : [];
    expect(types).toEqual([
      "reasoning",
      "plugin_call",
      "plugin_call_output",
      "plugin_call",
      "plugin_call_output",
      "message",
    ]);
  });

  it("fails where its order says", async () => {
    const events = await run('{"tokens":5,"failAfter":2}');
    expect(deltas(events)).toHaveLength(2);
    expect(events.at(-1)).toMatchObject({ status: "failed", error: { code: "internal" } });
  });

  it("waits between pieces, and stops waiting when it is canceled", async () => {
    await using runner = new Runner({ queryHandler: workloadAgent });
    await runner.start();
    const stop = new AbortController();
    const input = [{ content: [{ type: "text" as const, text: '{"intervalMs":600000}' }] }];
    const answer = runner.query({ input }, { signal: stop.signal });
    stop.abort();
    expect(await answer).toMatchObject({ status: "canceled" });
  });

  it.each(["hello big  world", '{"tokens":-1}', "{not json", '{"colour":"red"}'])(
    "echoes %s word by word",
    async (text) => {
      const words = deltas(await run(text));
      expect(words.join("")).toBe(text);
      expect(words.length).toBe(text.split(/\s+/).length);
    },
  );
});
