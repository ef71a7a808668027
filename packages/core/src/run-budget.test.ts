import type { AgentResponse, Budget } from "@agentscope-runtime/protocol";
import type { AgentOutput } from "./agent-output.ts";
import { Runner } from "./runner.ts";
import type { QueryHandler } from "./runner.ts";

async function answer(queryHandler: QueryHandler, asked: Budget, allowed: Budget = {}): Promise<AgentResponse> {
  await using runner = new Runner({ queryHandler, budget: allowed, stopGraceMs: 20 });
  await runner.start();
  return await runner.query({ input: [], budget: asked });
}

function callingTools(count: number): AgentOutput[] {
  return Array.from({ length: count }, (_, index) => ({
    type: "tool.call",
    callId: String(index),
    name: "look",
    arguments: {},
  }));
}

function spending(usage: object): QueryHandler {
  return function* () {
    for (let call = 0; call < 5; call += 1) {
      yield `${call}`;
      yield { type: "usage", usage: { ...usage } };
    }
  };
}

function endedBy(reason: string): object {
  return { status: "incomplete", incomplete_details: { reason } };
}

describe("a run's budget", () => {
  it("ends the run at the call of a tool that is too much, before it is told", async () => {
    const response = await answer(() => callingTools(5), { tool_calls: 2 });
    expect(response).toMatchObject(endedBy("tool_calls"));
    expect(response.output).toHaveLength(2);
    expect(await answer(() => callingTools(2), { tool_calls: 2 })).toMatchObject({ status: "completed" });
    expect(await answer(() => callingTools(1), { tool_calls: 0 })).toMatchObject(endedBy("tool_calls"));
  });

  it("does not count tools that the client runs", async () => {
    const calls = callingTools(3).map((call) => ({ ...(call as object), kind: "function" }) as AgentOutput);
    expect(await answer(() => calls, { tool_calls: 0 })).toMatchObject({ status: "completed" });
  });

  it("adds up the tokens of all model calls, however they are reported", async () => {
    expect(await answer(spending({ total_tokens: 10 }), { tokens: 30 })).toMatchObject(endedBy("tokens"));
    expect(await answer(spending({ input_tokens: 8, output_tokens: 2 }), { tokens: 30 })).toMatchObject(
      endedBy("tokens"),
    );
    expect(await answer(spending({ total_tokens: 10 }), { tokens: 50 })).toMatchObject({ status: "completed" });
  });

  it("adds up what the model calls cost", async () => {
    expect(await answer(spending({ cost: 0.25 }), { cost: 1 })).toMatchObject(endedBy("cost"));
    expect(await answer(spending({ cost: 0.25 }), { cost: 1.25 })).toMatchObject({ status: "completed" });
  });

  it("ends the run when its time is over", async () => {
    const waiting: QueryHandler = async (_request, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          reject(signal.reason as Error);
        });
      });
    expect(await answer(waiting, { wall_time: 20 })).toMatchObject(endedBy("wall_time"));
  });

  it("is the least of what the app allows and the request asks for", async () => {
    const limitsOf = async (asked: Budget, allowed: Budget): Promise<unknown> => {
      let limits: unknown;
      await answer((_request, { budget }) => void ({ limits } = budget), asked, allowed);
      return limits;
    };
    expect(await limitsOf({ tokens: 5, cost: 1 }, { tokens: 9, tool_calls: 3 })).toEqual({
      wall_time: 3_600_000,
      tokens: 5,
      tool_calls: 3,
      cost: 1,
    });
    expect(await limitsOf({ wall_time: 9 }, { wall_time: 5 })).toEqual({ wall_time: 5 });
  });

  it("counts what the agent reports by itself", async () => {
    const nested: QueryHandler = function* (_request, { budget }) {
      budget.spend({ tokens: 6 });
      yield `${budget.spent.tokens} of ${budget.limits.tokens}`;
      budget.spend({ tokens: 6 });
      yield "never";
    };
    const response = await answer(nested, { tokens: 10 });
    expect(response).toMatchObject({ ...endedBy("tokens"), output: [{ content: [{ text: "6 of 10" }] }] });
  });
});
