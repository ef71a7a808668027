import type { AgentResponse } from "@agentscope-runtime/protocol";
import { describeWithBubblewrap, startApp } from "@agentscope-runtime-tooling/testing";
import type { AppProcess } from "@agentscope-runtime-tooling/testing";

const frameworks = ["ai-sdk", "langgraph", "openai-agents", "mastra"];
const entry = new URL("./main.ts", import.meta.url);

describeWithBubblewrap("The researchers", () => {
  let app: AppProcess;
  beforeAll(async () => {
    app = await startApp({ entry, env: { LOG_LEVEL: "silent" } });
  }, 30_000);
  afterAll(() => app[Symbol.asyncDispose]());

  async function ask(agent: string, text: string): Promise<AgentResponse> {
    const answer = await fetch(`${app.url}/agents/${agent}/process`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        stream: false,
        session_id: `s-${agent}`,
        user_id: "ada",
        input: [{ role: "user", content: [{ type: "text", text }] }],
      }),
    });
    return (await answer.json()) as AgentResponse; // Our own wire.
  }

  it.each(frameworks)(
    "%s plans, looks things up, computes in its sandbox, and answers",
    async (agent) => {
      const { status, output, usage } = await ask(agent, "How long are the rivers of Europe?");
      expect(status).toBe("completed");
      expect(output?.map(({ type }) => type)).toEqual([
        "message",
        "plugin_call",
        "plugin_call_output",
        "plugin_call",
        "plugin_call_output",
        "message",
      ]);
      const [plan, look, facts, compute, computed, answer] = (output ?? []).map((message) => JSON.stringify(message));
      expect(plan).toContain("My plan");
      expect(look).toContain("search_library");
      expect(facts).toContain("The Danube is 2,850 km long");
      expect(compute).toContain("run_ipython_cell");
      expect(computed).toContain("9 figures, mean 1521");
      expect(answer).toContain("9 figures, mean 1521");
      expect(usage?.total_tokens).toBeGreaterThan(0);
    },
    30_000,
  );

  it.each(frameworks)(
    "%s goes on with the conversation",
    async (agent) => {
      const { status, output } = await ask(agent, "And which lakes are there?");
      expect(status).toBe("completed");
      expect(JSON.stringify(output?.at(-1))).toContain("2 figures, mean 11675");
    },
    30_000,
  );

  it("ends at a signal, and leaves nothing", async () => {
    app.kill("SIGTERM");
    expect(await app.ended).toMatchObject({ exit: 0 });
  });
});
