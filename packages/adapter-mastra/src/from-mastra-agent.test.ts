import { AgentApp } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler, RunContext } from "@agentscope-runtime/core";
import { callHandler, jsonOf } from "@agentscope-runtime/core/testing";
import { agentRequestSchema } from "@agentscope-runtime/protocol";
import type { AgentResponse } from "@agentscope-runtime/protocol";
import {
  InProcessLeases,
  InProcessMemory,
  InProcessRunLog,
  InProcessSessionHistory,
  InProcessState,
  InProcessTopic,
} from "@agentscope-runtime/services";
import { Mastra } from "@mastra/core";
import { Agent } from "@mastra/core/agent";
import type { MastraModelConfig } from "@mastra/core/llm";
import { createTool } from "@mastra/core/tools";
import { MockLanguageModelV4 } from "ai/test";
import { z } from "zod";
import { fromMastraAgent, memoryProcessor, toMastraStorage } from "./index.ts";

interface Kept {
  readonly sessions: InProcessSessionHistory;
  readonly memory: InProcessMemory;
  readonly state: InProcessState;
  readonly runLog: InProcessRunLog;
  readonly topic: InProcessTopic;
  readonly leases: InProcessLeases;
}

const newServices = (): Kept => ({
  sessions: new InProcessSessionHistory(),
  memory: new InProcessMemory(),
  state: new InProcessState(),
  runLog: new InProcessRunLog(),
  topic: new InProcessTopic(),
  leases: new InProcessLeases(),
});

type Turn = string | readonly (readonly [id: string, to: string])[];

/** Says a text, or calls `pay` for each; the same from the beginning in each process, so it looks at how far the prompt has come. */
function modelOf(turns: readonly Turn[], prompts: unknown[] = []): MastraModelConfig {
  const usage = { inputTokens: { total: 1 }, outputTokens: { total: 1 } };
  const model = new MockLanguageModelV4({
    doStream: async ({ prompt }) => {
      prompts.push(prompt);
      const turn = turns[prompt.filter(({ role }) => role === "assistant").length] ?? "Nothing more.";
      const said =
        typeof turn === "string"
          ? [
              { type: "text-start", id: "t" },
              { type: "text-delta", id: "t", delta: turn },
              { type: "text-end", id: "t" },
            ]
          : turn.map(([id, to]) => ({
              type: "tool-call",
              toolCallId: id,
              toolName: "pay",
              input: JSON.stringify({ to }),
            }));
      const finishReason = { unified: typeof turn === "string" ? "stop" : "tool-calls", raw: undefined };
      return {
        stream: ReadableStream.from([
          { type: "stream-start", warnings: [] },
          ...said,
          { type: "finish", usage, finishReason },
        ] as never[]),
      };
    },
  });
  // Mastra declares what `doGenerate` returns as a stream.
  return model as unknown as MastraModelConfig;
}

/** The agent as a new process makes it. */
function agentOf(services: Kept, turns: readonly Turn[], paid: string[]): Agent {
  const pay = createTool({
    id: "pay",
    description: "Pays.",
    inputSchema: z.object({ to: z.string() }),
    requireApproval: true,
    execute: async ({ to }) => {
      paid.push(to);
      return `paid ${to}`;
    },
  });
  const agent = new Agent({ id: "clerk", name: "clerk", instructions: "Pay.", model: modelOf(turns), tools: { pay } });
  return new Mastra({ agents: { agent }, storage: toMastraStorage(services), logger: false }).getAgent("agent");
}

async function started(query: QueryHandler, services: AgentAppOptions["services"] = newServices()): Promise<AgentApp> {
  const app = new AgentApp({ query, services });
  await app.start();
  return app;
}

async function post(app: AgentApp, path: string, body: object): Promise<AgentResponse> {
  return (await jsonOf(await callHandler(app.handle, { path, body: { stream: false, ...body } }))) as AgentResponse; // As the wire says.
}

const ask = async (app: AgentApp, text: string, more: object = {}): Promise<AgentResponse> =>
  post(app, "/process", {
    user_id: "ada",
    session_id: "s",
    input: [{ role: "user", content: [{ type: "text", text }] }],
    ...more,
  });

const dataOf = ({ output }: AgentResponse, type: string): Record<string, unknown>[] =>
  (output ?? [])
    .filter((message) => message.type === type)
    .flatMap(({ content }) =>
      (content ?? []).flatMap((part) => (part.type === "data" && part.data !== null ? [part.data] : [])),
    );

it("asks for the calls of one turn one after another, each answered in another process, and runs each once", async () => {
  const services = newServices();
  const paid: string[] = [];
  const turns: Turn[] = [
    [
      ["c1", "bob"],
      ["c2", "eve"],
      ["c3", "dan"],
    ],
    "Two are paid.",
  ];
  let response: AgentResponse | undefined;
  const asked: unknown[] = [];
  for (let runs = 0; runs < 4; runs += 1) {
    await using app = await started(fromMastraAgent(agentOf(services, turns, paid)), services);
    if (response === undefined) response = await ask(app, "Pay them.");
    else {
      const [question] = dataOf(response, "mcp_approval_request");
      const approve = runs !== 2;
      response = await post(app, `/runs/${response.id}/approvals/${encodeURIComponent(String(question?.["id"]))}`, {
        approve,
      });
    }
    asked.push(...dataOf(response, "mcp_approval_request").map((data) => data["arguments"]));
  }
  expect(asked).toEqual(['{"to":"bob"}', '{"to":"eve"}', '{"to":"dan"}']);
  expect(response).toMatchObject({ status: "completed" });
  expect(JSON.stringify(response?.output)).toContain("Two are paid.");
  const outputs = dataOf(response ?? ({ output: [] } as never), "plugin_call_output");
  expect(outputs.map((data) => [data["call_id"], data["is_error"] === true])).toEqual([
    ["c1", false],
    ["c2", true],
    ["c3", false],
  ]);
  expect(paid.toSorted((left, right) => left.localeCompare(right))).toEqual(["bob", "dan"]);
  const runs = await toMastraStorage(services).getStore("workflows");
  expect((await runs?.listWorkflowRuns())?.total).toBe(0);
});

it("shows the model its call when somebody speaks in place of an answer, and does not run it", async () => {
  const services = newServices();
  const paid: string[] = [];
  // The second turn is for a model that knows of the first one.
  await using app = await started(
    fromMastraAgent(agentOf(services, [[["c1", "bob"]], "As you like."], paid)),
    services,
  );
  expect(dataOf(await ask(app, "Pay bob."), "mcp_approval_request")).toHaveLength(1);
  const response = await ask(app, "Never mind.");
  expect(response).toMatchObject({ status: "completed", output: [{ content: [{ text: "As you like." }] }] });
  expect(paid).toEqual([]);
});

it("lets nobody answer for the agent of another session, whatever the app itself keeps of questions", async () => {
  const services = newServices();
  const paid: string[] = [];
  const query = fromMastraAgent(agentOf(services, [[["c1", "bob"]], "Paid."], paid));
  await using app = await started(query, services);
  const [question] = dataOf(await ask(app, "Pay bob."), "mcp_approval_request");
  const answer = async (session: { id: string; userId: string }, id: unknown): Promise<unknown[]> => {
    const content = [{ type: "data", data: { approval_request_id: id, approve: true } }];
    const input = [{ type: "mcp_approval_response", role: "user", content }];
    // All that the handler looks at for an answer.
    const context = { session, signal: new AbortController().signal } as unknown as RunContext;
    const reply = query(agentRequestSchema.parse({ input }), context);
    return Array.fromAsync(reply as AsyncIterable<unknown>);
  };
  const foreign = { code: "not_found", message: "No agent of this session waits for this approval." };
  await expect(answer({ id: "s", userId: "eve" }, question?.["id"])).rejects.toMatchObject(foreign);
  await expect(answer({ id: "other", userId: "ada" }, question?.["id"])).rejects.toMatchObject(foreign);
  await expect(answer({ id: "s", userId: "ada" }, "a1")).rejects.toMatchObject({ code: "not_found" });
  expect(paid).toEqual([]);
  expect(await answer({ id: "s", userId: "ada" }, question?.["id"])).toContainEqual({
    type: "text.delta",
    delta: "Paid.",
  });
  expect(paid).toEqual(["bob"]);
});

it("tells the model what is remembered about the user, and remembers what the user says", async () => {
  const services = newServices();
  await services.memory.add({ userId: "ada" }, [{ text: "Ada likes tea." }, { text: "Ada has a cat." }]);
  await services.memory.add({ userId: "bob" }, [{ text: "Bob likes tea." }]);
  const prompts: { role: string; content: unknown }[][] = [];
  const agent = new Agent({ id: "a", name: "a", instructions: "Serve.", model: modelOf(["Done."], prompts) });
  const query = fromMastraAgent(agent, {
    options: (_request, { memory }) => ({ inputProcessors: [memoryProcessor({ memory, remember: true })] }),
  });
  await using app = await started(query, services);
  await ask(app, "Bring me tea.");
  const [, said] = prompts[0] ?? [];
  expect(said).toMatchObject({
    role: "user",
    content: [
      { type: "text", text: "What is remembered about the user:\n- Ada likes tea." },
      { type: "text", text: "Bring me tea." },
    ],
  });
  const { items } = await services.memory.list({ userId: "ada" });
  expect(items.map(({ text }) => text)).toEqual(["Bring me tea.", "Ada has a cat.", "Ada likes tea."]);
  expect(JSON.stringify(await services.sessions.read({ userId: "ada", sessionId: "s" }))).not.toContain(
    "What is remembered",
  );
});
