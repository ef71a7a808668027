import { approvalHash, Runner } from "@agentscope-runtime/core";
import type { QueryHandler, RunOptions } from "@agentscope-runtime/core";
import type { AgentScript, ModelTurn, PromptMessage } from "@agentscope-runtime/core/testing";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse, MessageInput } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";
import { defineTool } from "@agentscope-runtime/tools";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { Annotation, END, interrupt, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";
import type { LangGraphRunnableConfig } from "@langchain/langgraph";
import { createAgent, humanInTheLoopMiddleware } from "langchain";
import { setImmediate as nextTurn } from "node:timers/promises";
import { z } from "zod";
import { createLangGraphHandler } from "./lang-graph-handler.ts";
import type { LangGraphHandlerOptions } from "./lang-graph-handler.ts";
import { StateCheckpointSaver } from "./state-checkpoint-saver.ts";
import { ScriptModel } from "./testing/script-model.ts";
import { toLangChainTools } from "./to-lang-chain-tools.ts";

const say = (...deltas: string[]): ModelTurn => [{ type: "text", deltas }];
const call = (id: string, name: string, toolArguments: Record<string, unknown> = {}): ModelTurn[number] => ({
  type: "call",
  id,
  name,
  arguments: toolArguments,
});

/** A model that says these turns one after another. */
function turns(...said: readonly ModelTurn[]): AgentScript["model"] & { readonly prompts: PromptMessage[][] } {
  const prompts: PromptMessage[][] = [];
  const model = (prompt: readonly PromptMessage[]): ModelTurn => {
    prompts.push([...prompt]);
    return said[prompts.length - 1] ?? say("There is nothing more to say.");
  };
  return Object.assign(model, { prompts });
}

/** A tool that notes what it was called with. */
function payer(): { readonly paid: unknown[]; readonly tools: ReturnType<typeof toLangChainTools> } {
  const paid: unknown[] = [];
  const pay = defineTool({
    name: "pay",
    description: "Pays.",
    input: z.looseObject({}),
    run: (input) => {
      paid.push(input);
      return "paid";
    },
  });
  return { paid, tools: toLangChainTools([pay]) };
}

// Its types do not fit themselves under `exactOptionalPropertyTypes`.
const asking = (humanInTheLoopMiddleware as (options: object) => never)({ interruptOn: { pay: true } });

async function runnerOf(queryHandler: QueryHandler, sessions?: InProcessSessionHistory): Promise<Runner> {
  const runner = new Runner({ queryHandler, services: sessions === undefined ? {} : { sessions } });
  await runner.start();
  return runner;
}

const who = { user_id: "ada", session_id: "s" };
const user = (text: string): MessageInput => ({ role: "user", content: [{ type: "text", text }] });

const ask = async (runner: Runner, text: string, options?: RunOptions): Promise<AgentResponse> =>
  runner.query({ ...who, input: [user(text)] }, options);

/** The data of all messages of a type. */
function dataOf({ output }: AgentResponse, type: string): readonly Record<string, unknown>[] {
  return (output ?? [])
    .filter((message) => message.type === type)
    .flatMap(({ content }) =>
      (content ?? []).flatMap((part) => (part.type === "data" && part.data !== null ? [part.data] : [])),
    );
}

const questionsOf = (response: AgentResponse): readonly Record<string, unknown>[] =>
  dataOf(response, "mcp_approval_request");

function textsOf({ output }: AgentResponse): readonly string[] {
  return (output ?? [])
    .filter(({ type }) => type === "message")
    .map(({ content }) => (content ?? []).map((part) => (part.type === "text" ? (part.text ?? "") : "")).join(""));
}

interface Answer {
  readonly approve: boolean;
  readonly reason?: string;
}

/** Answers questions, as the runtime does when people have. */
async function answer(
  runner: Runner,
  questions: readonly Record<string, unknown>[],
  { approve, reason }: Answer,
): Promise<AgentResponse> {
  const input = questions.map(({ id }): MessageInput => {
    const data = { approval_request_id: id, approve, reason };
    return { type: "mcp_approval_response", role: "user", content: [{ type: "data", data }] };
  });
  const approvals = questions.map(({ id, name, arguments: text }) => ({
    id: String(id),
    name: String(name),
    hash: approvalHash(String(name), text),
    approve,
    reason,
  }));
  return runner.query({ ...who, input }, { approvals });
}

describe("pauses of an agent", () => {
  const start = async (model: AgentScript["model"], options?: LangGraphHandlerOptions) => {
    const state = new InProcessState();
    const { paid, tools } = payer();
    const open = async (): Promise<Runner> => {
      const checkpointer = new StateCheckpointSaver({ state });
      const middleware = options === undefined ? [asking] : [];
      const agent = createAgent({ model: new ScriptModel({ model }), tools, checkpointer, middleware });
      return runnerOf(createLangGraphHandler(agent, options));
    };
    return { paid, open, runner: await open() };
  };

  it("ask about each call of a turn, and run each once when all are allowed", async () => {
    const model = turns([call("c1", "pay", { to: "bob" }), call("c2", "pay", { to: "eve" })], say("Done."));
    const { paid, open, runner } = await start(model);
    const questions = questionsOf(await ask(runner, "Pay both."));
    expect(questions.map(({ arguments: text }) => JSON.parse(String(text)) as unknown)).toEqual([
      { to: "bob" },
      { to: "eve" },
    ]);
    const response = await answer(await open(), questions, { approve: true });
    expect(textsOf(response)).toEqual(["Done."]);
    expect(paid).toEqual([{ to: "bob" }, { to: "eve" }]);
    expect((response.output ?? []).map(({ type }) => type)).toEqual([
      "plugin_call_output",
      "plugin_call_output",
      "message",
    ]);
  });

  it("ask again, under other ids, for the calls that come after", async () => {
    const model = turns([call("c1", "pay", { n: 1 })], [call("c2", "pay", { n: 1 })], say("Done."));
    const { paid, runner } = await start(model);
    const first = questionsOf(await ask(runner, "Pay twice."));
    const second = questionsOf(await answer(runner, first, { approve: true }));
    expect(second).toHaveLength(1);
    expect(second[0]?.["id"]).not.toBe(first[0]?.["id"]);
    expect(textsOf(await answer(runner, second, { approve: true }))).toEqual(["Done."]);
    expect(paid).toEqual([{ n: 1 }, { n: 1 }]);
  });

  it("do not take a yes that the runtime does not know, or that was given for other arguments", async () => {
    const { paid, runner } = await start(turns([call("c1", "pay", { amount: 7 })], say("Done.")));
    const [question] = questionsOf(await ask(runner, "Pay."));
    const data = { approval_request_id: question?.["id"], approve: true };
    const input: MessageInput[] = [{ type: "mcp_approval_response", role: "user", content: [{ type: "data", data }] }];
    const hash = approvalHash("pay", { amount: 8 });
    for (const approvals of [[], [{ id: String(question?.["id"]), name: "pay", hash, approve: true }]]) {
      const response = await runner.query({ ...who, input }, { approvals });
      expect(response).toMatchObject({ status: "failed", error: { code: "permission_denied" } });
    }
    expect(paid).toEqual([]);
  });

  it("refuse what nobody answered of several calls", async () => {
    const model = turns([call("c1", "pay", { to: "bob" }), call("c2", "pay", { to: "eve" })], say("Not all."));
    const { paid, runner } = await start(model);
    const [first] = questionsOf(await ask(runner, "Pay both."));
    const response = await answer(runner, first === undefined ? [] : [first], { approve: true });
    expect(textsOf(response)).toEqual(["Not all."]);
    expect(JSON.stringify(model.prompts[1])).toContain("The call was refused.");
    expect(paid).toEqual([]);
  });

  it("are over when somebody speaks instead: the call gets no result, and does not run", async () => {
    const model = turns([call("c1", "pay", { to: "bob" })], say("As you like."));
    const { paid, runner } = await start(model);
    const questions = questionsOf(await ask(runner, "Pay bob."));
    expect(textsOf(await ask(runner, "Never mind."))).toEqual(["As you like."]);
    expect(model.prompts[1]?.map(({ role, text }) => [role, text])).toEqual([
      ["user", "Pay bob."],
      ["assistant", ""],
      ["tool", "No result: the run ended before the tool answered."],
      ["user", "Never mind."],
    ]);
    const late = await answer(runner, questions, { approve: true });
    expect(late).toMatchObject({ status: "failed", error: { code: "conflict" } });
    expect(paid).toEqual([]);
  });

  it("take answers alone", async () => {
    const { runner } = await start(turns([call("c1", "pay")]));
    const [question] = questionsOf(await ask(runner, "Pay."));
    const data = { approval_request_id: question?.["id"], approve: false };
    const refusal: MessageInput = { type: "mcp_approval_response", role: "user", content: [{ type: "data", data }] };
    const response = await runner.query({ ...who, input: [refusal, user("And hurry.")] });
    expect(response).toMatchObject({ status: "failed", error: { code: "invalid_argument" } });
  });

  it("at a breakpoint ask whether to go on, with the calls, and tell the model of a refusal", async () => {
    const model = turns(
      [call("c1", "pay", { to: "bob" })],
      say("Paid."),
      [call("c2", "pay", { to: "eve" })],
      say("Not paid."),
    );
    const { paid, open, runner } = await start(model, { config: () => ({ interruptBefore: ["tools"] }) });
    const first = questionsOf(await ask(runner, "Pay bob."));
    expect(first).toMatchObject([{ name: "breakpoint" }]);
    expect(JSON.parse(String(first[0]?.["arguments"]))).toEqual({
      next: ["tools"],
      calls: [{ name: "pay", args: { to: "bob" } }],
    });
    const paidResponse = await answer(await open(), first, { approve: true });
    expect(textsOf(paidResponse)).toEqual(["Paid."]);
    const second = questionsOf(await ask(runner, "Pay eve."));
    const refused = await answer(runner, second, { approve: false, reason: "Too dear." });
    expect(textsOf(refused)).toEqual(["Not paid."]);
    expect(JSON.stringify(model.prompts[3])).toContain("The call was refused: Too dear.");
    expect(paid).toEqual([{ to: "bob" }]);
  });
});

describe("pauses of a graph", () => {
  const State = Annotation.Root({ ...MessagesAnnotation.spec, got: Annotation<unknown> });
  const graphOf = (state: InProcessState) =>
    new StateGraph(State)
      .addNode("review", () => {
        const got: unknown = interrupt("Shall I?");
        return { got, messages: [new AIMessage(`Got ${JSON.stringify(got)}.`)] };
      })
      .addEdge(START, "review")
      .addEdge("review", END)
      .compile({ checkpointer: new StateCheckpointSaver({ state }) });

  it("go on with true or false, in another process", async () => {
    for (const approve of [true, false]) {
      const state = new InProcessState();
      const questions = questionsOf(await ask(await runnerOf(createLangGraphHandler(graphOf(state))), "Go."));
      expect(questions).toMatchObject([{ name: "interrupt", arguments: '{"value":"Shall I?"}' }]);
      const other = await runnerOf(createLangGraphHandler(graphOf(state)));
      expect(textsOf(await answer(other, questions, { approve }))).toEqual([`Got ${String(approve)}.`]);
    }
  });

  it("go on with what the app makes of an answer", async () => {
    const resume: LangGraphHandlerOptions = {
      resume: ({ value }, { approve, reason }) => ({ value, approve, reason }),
    };
    const runner = await runnerOf(createLangGraphHandler(graphOf(new InProcessState()), resume));
    const response = await answer(runner, questionsOf(await ask(runner, "Go.")), { approve: false, reason: "No." });
    expect(textsOf(response)).toEqual(['Got {"value":"Shall I?","approve":false,"reason":"No."}.']);
  });

  it("of nodes side by side are each asked, and go on one by one", async () => {
    const state = new InProcessState();
    const node = (name: string) => () => ({
      messages: [new AIMessage(`${name}: ${String(interrupt({ from: name }))}`)],
    });
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("left", node("left"))
      .addNode("right", node("right"))
      .addEdge(START, "left")
      .addEdge(START, "right")
      .compile({ checkpointer: new StateCheckpointSaver({ state }) });
    const runner = await runnerOf(createLangGraphHandler(graph));
    const questions = questionsOf(await ask(runner, "Go."));
    expect(questions.map(({ arguments: text }) => JSON.parse(String(text)) as unknown)).toEqual([
      { from: "left" },
      { from: "right" },
    ]);
    const half = await answer(runner, questions.slice(0, 1), { approve: true });
    expect(textsOf(half)).toEqual(["left: true"]);
    expect(questionsOf(half).map(({ id }) => id)).toEqual(questions.slice(1).map(({ id }) => id));
    const rest = await answer(runner, questions.slice(1), { approve: false });
    expect(textsOf(rest)).toEqual(["right: false"]);
  });
});

describe("what a graph says", () => {
  /** Two models that speak at once, word for word in turns. */
  const choir = (models: readonly AgentScript["model"][]) => {
    const graph = new StateGraph(MessagesAnnotation);
    const nodes = models.map((model, index) => {
      const name = `voice${index}`;
      graph.addNode(name, async ({ messages }: typeof MessagesAnnotation.State) => ({
        messages: [await new ScriptModel({ model }).invoke(messages)],
      }));
      return name;
    });
    // The builder learns its names as they come.
    for (const name of nodes) graph.addEdge(START, name as typeof START);
    return graph.compile();
  };

  it("is whole messages, also when models speak side by side", async () => {
    const words = (word: string): ModelTurn => say(...Array.from({ length: 20 }, (_, index) => `${word}${index} `));
    const graph = choir([() => words("a"), () => words("b"), () => words("c")]);
    const response = await ask(await runnerOf(createLangGraphHandler(graph), new InProcessSessionHistory()), "Sing.");
    const line = (word: string): string => Array.from({ length: 20 }, (_, index) => `${word}${index} `).join("");
    expect(textsOf(response)).toEqual([line("a"), line("b"), line("c")]);
    expect(response.usage).toMatchObject({ total_tokens: 45 });
  });

  it("comes with the session's history where the graph keeps none", async () => {
    const model = turns(say("One."), say("Two."));
    const graph = choir([model]);
    const sessions = new InProcessSessionHistory();
    const runner = await runnerOf(createLangGraphHandler(graph), sessions);
    await ask(runner, "first");
    await ask(runner, "second");
    expect(model.prompts[1]?.map(({ text }) => text)).toEqual(["first", "One.", "second"]);
  });

  it("names the subgraph that speaks, and leaves out what the app does not want told", async () => {
    const inner = choir([() => say("From within.")]);
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("team", inner)
      .addNode("boss", () => ({ messages: [new AIMessage("From above.")] }))
      .addEdge(START, "team")
      .addEdge("team", "boss")
      .compile();
    const all = await ask(await runnerOf(createLangGraphHandler(graph), new InProcessSessionHistory()), "Speak.");
    expect(textsOf(all)).toEqual(["From within.", "From above."]);
    const [within, above] = all.output ?? [];
    expect(within?.metadata).toEqual({ langgraph: { namespace: [expect.stringMatching(/^team:/)], node: "voice0" } });
    expect(above?.metadata).toBeNull();
    const handler = createLangGraphHandler(graph, { isTold: ({ namespace }) => namespace.length === 0 });
    const some = await ask(await runnerOf(handler, new InProcessSessionHistory()), "Speak.");
    expect(textsOf(some)).toEqual(["From above."]);
    expect(some.usage).toMatchObject({ total_tokens: 15 });
  });

  it("has what nodes write, as data or as the app likes, which no model is told later", async () => {
    const model = turns(say("Done."));
    const graph = new StateGraph(MessagesAnnotation)
      .addNode("work", async ({ messages }, { writer }: LangGraphRunnableConfig) => {
        writer?.({ progress: 0.5 });
        return { messages: [await new ScriptModel({ model }).invoke(messages)] };
      })
      .addEdge(START, "work")
      .compile();
    const sessions = new InProcessSessionHistory();
    const runner = await runnerOf(createLangGraphHandler(graph), sessions);
    const told = await ask(runner, "Work.");
    expect(dataOf(told, "message")).toEqual([{ type: "custom", value: { progress: 0.5 } }]);
    await ask(runner, "Again.");
    expect(model.prompts[1]?.map(({ text }) => text)).toEqual(["Work.", "Done.", "Again."]);
    const handler = createLangGraphHandler(graph, { custom: (value) => JSON.stringify(value) });
    const texts = textsOf(await ask(await runnerOf(handler, new InProcessSessionHistory()), "Work."));
    expect(texts.join("")).toContain('{"progress":0.5}');
  });

  it("has what a tool has so far", async () => {
    const count = defineTool({
      name: "count",
      description: "Counts.",
      input: z.looseObject({}),
      run: async (_input, { onUpdate }) => {
        for (const text of ["one", "one two"]) {
          onUpdate?.({ content: [{ type: "text", text }], isError: false });
          await new Promise(setImmediate);
        }
        return "one two three";
      },
    });
    const model = new ScriptModel({ model: turns([call("c1", "count")], say("Counted.")) });
    const agent = createAgent({ model, tools: toLangChainTools([count]) });
    const runner = await runnerOf(createLangGraphHandler(agent), new InProcessSessionHistory());
    const events: AgentEvent[] = await Array.fromAsync(runner.streamQuery({ ...who, input: [user("Count.")] }));
    const outputs = events.flatMap((event) =>
      event.object === "content" && event.type === "data" && typeof event.data?.["output"] === "string"
        ? [event.data["output"]]
        : [],
    );
    expect(outputs.map((output) => /one( two)?( three)?/.exec(output)?.[0])).toEqual(
      expect.arrayContaining(["one", "one two", "one two three"]),
    );
    expect(outputs.at(-1)).toBe("one two three");
  });

  it("ends with resource_exhausted at the recursion limit, and not with the framework's words", async () => {
    const model = new ScriptModel({ model: () => [call(crypto.randomUUID(), "pay")] });
    const agent = createAgent({ model, tools: payer().tools });
    const handler = createLangGraphHandler(agent, { config: () => ({ recursionLimit: 5 }) });
    const response = await ask(await runnerOf(handler, new InProcessSessionHistory()), "Loop.");
    expect(response).toMatchObject({ status: "failed", error: { code: "resource_exhausted" } });
    expect(JSON.stringify(response)).not.toContain("langchain");
  });
});

/** Writes arrive late, as in a store that is far away. */
class SlowState extends InProcessState {
  override async save(...written: Parameters<InProcessState["save"]>): ReturnType<InProcessState["save"]> {
    for (let late = 0; late < 20; late += 1) await nextTurn();
    return super.save(...written);
  }
}

/** What a process leaves that dies after a step was done and before its checkpoint was written. */
class LosingSaver extends StateCheckpointSaver {
  override async put(): Promise<never> {
    throw new Error("The process is gone.");
  }
}

describe("a thread", () => {
  it("goes on after a run was cut off in a tool, without running it again", async () => {
    const state = new InProcessState();
    const runs: string[] = [];
    const running = Promise.withResolvers<undefined>();
    const slow = defineTool({
      name: "slow",
      description: "Takes long.",
      input: z.looseObject({}),
      run: async (_input, { signal }) => {
        runs.push("slow");
        running.resolve(undefined);
        await new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(new Error("stopped"))));
        return "";
      },
    });
    const model = turns([call("c1", "slow")], say("I am back."));
    const open = async (): Promise<Runner> => {
      const checkpointer = new StateCheckpointSaver({ state });
      const agent = createAgent({ model: new ScriptModel({ model }), tools: toLangChainTools([slow]), checkpointer });
      return runnerOf(createLangGraphHandler(agent));
    };
    const controller = new AbortController();
    const first = ask(await open(), "Go.", { signal: controller.signal });
    await running.promise;
    controller.abort();
    expect((await first).status).toBe("canceled");
    expect(textsOf(await ask(await open(), "Are you there?"))).toEqual(["I am back."]);
    expect(model.prompts[1]?.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user"]);
    expect(model.prompts[1]?.[2]?.text).toContain("No result");
    expect(runs).toEqual(["slow"]);
  });

  it("has a call before its tool runs, however slow the store is, so that a crash in there is known", async () => {
    const state = new SlowState();
    const kept: unknown[] = [];
    const look = defineTool({
      name: "look",
      description: "Looks at the thread as another process would.",
      input: z.looseObject({}),
      run: async () => {
        const configurable = { thread_id: who.session_id, user_id: who.user_id };
        const newest = await new StateCheckpointSaver({ state }).getTuple({ configurable });
        kept.push(newest?.checkpoint.channel_values["messages"]);
        return "";
      },
    });
    const model = new ScriptModel({ model: turns([call("c1", "look")], say("I saw.")) });
    const checkpointer = new StateCheckpointSaver({ state });
    const agent = createAgent({ model, tools: toLangChainTools([look]), checkpointer });
    await ask(await runnerOf(createLangGraphHandler(agent)), "Go.");
    expect(kept).toMatchObject([[{ text: "Go." }, { tool_calls: [{ id: "c1" }] }]]);
  });

  it("goes on after a run was cut off between an allowed call and its tool", async () => {
    const state = new InProcessState();
    const model = turns([call("c1", "pay", { to: "bob" })], say("I am back."));
    const { paid, tools } = payer();
    const open = async (checkpointer: StateCheckpointSaver): Promise<Runner> => {
      const agent = createAgent({ model: new ScriptModel({ model }), tools, middleware: [asking], checkpointer });
      return runnerOf(createLangGraphHandler(agent));
    };
    const questions = questionsOf(await ask(await open(new StateCheckpointSaver({ state })), "Pay bob."));
    const cutOff = await answer(await open(new LosingSaver({ state })), questions, { approve: true });
    expect(cutOff.status).toBe("failed");
    expect(textsOf(await ask(await open(new StateCheckpointSaver({ state })), "Are you there?"))).toEqual([
      "I am back.",
    ]);
    expect(model.prompts[1]?.map(({ role, text }) => [role, text])).toEqual([
      ["user", "Pay bob."],
      ["assistant", ""],
      ["tool", "No result: the run ended before the tool answered."],
      ["user", "Are you there?"],
    ]);
    expect(paid).toEqual([]);
  });

  it("is as it was before when a later message has replaced a run", async () => {
    const state = new InProcessState();
    const began = Promise.withResolvers<undefined>();
    const replies: ModelTurn[] = [say("One."), [...say("Two"), { type: "wait" }], say("Three.")];
    const scripted = turns(...replies);
    const model = (prompt: readonly PromptMessage[]): ModelTurn => {
      if (scripted.prompts.length === 1) began.resolve(undefined);
      return scripted(prompt);
    };
    const checkpointer = new StateCheckpointSaver({ state });
    const agent = createAgent({ model: new ScriptModel({ model }), tools: [], checkpointer });
    const runner = await runnerOf(createLangGraphHandler(agent));
    await ask(runner, "first");
    const controller = new AbortController();
    const replaced = ask(runner, "second", { signal: controller.signal });
    await began.promise;
    controller.abort(new RuntimeError("canceled", "Replaced.", { details: { rollback: true } }));
    await replaced;
    await ask(runner, "third");
    expect(scripted.prompts[2]?.map(({ text }) => text)).toEqual(["first", "One.", "third"]);
  });

  it("keeps the graph's own state, and what comes in by config", async () => {
    const state = new InProcessState();
    const State = Annotation.Root({
      ...MessagesAnnotation.spec,
      count: Annotation<number>({ reducer: (sum, more) => sum + more, default: () => 0 }),
    });
    const graph = new StateGraph(State)
      .addNode("greet", ({ count }, { configurable }) => ({
        count: 1,
        messages: [new AIMessage(`${String(configurable?.["greeting"])} ${count}`)],
      }))
      .addEdge(START, "greet")
      .compile({ checkpointer: new StateCheckpointSaver({ state }) });
    const handler = createLangGraphHandler(graph, {
      config: () => ({ configurable: { greeting: "Hi" } }),
      input: (messages) => ({ messages: [...messages, new HumanMessage("(and more)")] }),
    });
    const runner = await runnerOf(handler);
    expect(textsOf(await ask(runner, "a"))).toEqual(["Hi 0"]);
    expect(textsOf(await ask(runner, "b"))).toEqual(["Hi 1"]);
  });
});
