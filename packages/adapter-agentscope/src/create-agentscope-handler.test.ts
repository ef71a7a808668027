import { approvalHash, Runner } from "@agentscope-runtime/core";
import type { QueryHandler, RunContext, RunOptions } from "@agentscope-runtime/core";
import type { ModelTurn, PromptMessage } from "@agentscope-runtime/core/testing";
import { messageSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentRequestInput, AgentResponse, MessageInput } from "@agentscope-runtime/protocol";
import { InProcessMemory, InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";
import { callTool } from "@agentscope-runtime/tools";
import type { AgentScopeHandlerOptions, AgentScopeMessage, AnyAgentScopeTool } from "./index.ts";
import { createAgentScopeHandler, createAgentScopeStorage, createMemoryTools } from "./index.ts";
import { HandMadeAgent } from "./testing/hand-made-agent.ts";
import type { HandMadeModel } from "./testing/hand-made-model.ts";
import { scriptedModel } from "./testing/hand-made-model.ts";
import { HandMadeToolkit } from "./testing/hand-made-toolkit.ts";

const say = (...deltas: string[]): ModelTurn => [{ type: "text", deltas }];
const call = (id: string, name: string, toolArguments: Record<string, unknown> = {}): ModelTurn[number] => ({
  type: "call",
  id,
  name,
  arguments: toolArguments,
});
const user = (text: string, id?: string): MessageInput => ({
  ...(id === undefined ? {} : { id }),
  role: "user",
  content: [{ type: "text", text }],
});
const approval = (id: string, approve: boolean, reason?: string): MessageInput => ({
  type: "mcp_approval_response",
  role: "user",
  content: [{ type: "data", data: { approval_request_id: id, approve, ...(reason === undefined ? {} : { reason }) } }],
});
const outputOf = (call_id: string, output: string, more: object = {}): MessageInput => ({
  type: "function_call_output",
  role: "user",
  content: [{ type: "data", data: { call_id, output, ...more } }],
});

/** A tool that counts its runs. */
function tool(name: string, more: Partial<AnyAgentScopeTool> = {}): AnyAgentScopeTool & { readonly runs: unknown[] } {
  const runs: unknown[] = [];
  const run = (input: unknown): string => {
    runs.push(input);
    return `${name} done`;
  };
  return { name, description: name, inputSchema: { type: "object" }, call: run, runs, ...more };
}

interface Setup {
  readonly turns?: readonly ModelTurn[];
  readonly model?: HandMadeModel;
  readonly tools?: readonly AnyAgentScopeTool[];
  readonly options?: AgentScopeHandlerOptions;
  readonly stored?: boolean;
}

/** What outlives a process, and a way to ask an agent in one. */
class World implements AsyncDisposable {
  readonly state = new InProcessState();
  readonly sessions = new InProcessSessionHistory();
  readonly memory = new InProcessMemory();
  readonly prompts: PromptMessage[][] = [];
  readonly agents: HandMadeAgent[] = [];
  handler: QueryHandler;
  #turns: readonly ModelTurn[];

  constructor({ turns = [], model, tools = [], options, stored = false }: Setup) {
    this.#turns = turns;
    this.handler = createAgentScopeHandler(({ session }: RunContext) => {
      const { state } = this;
      const agent = new HandMadeAgent({
        name: "friday",
        sysPrompt: "Be brief.",
        model: model ?? scriptedModel({ script: { model: (prompt) => this.#next(prompt) } }),
        toolkit: new HandMadeToolkit({ tools }),
        ...(stored && { storage: createAgentScopeStorage({ state, userId: session.userId, sessionId: session.id }) }),
      });
      this.agents.push(agent);
      return agent;
    }, options);
  }

  #next(prompt: readonly PromptMessage[]): ModelTurn {
    this.prompts.push([...prompt]);
    return this.#turns[this.prompts.length - 1] ?? say("Nothing more.");
  }

  async events(input: MessageInput[], options: RunOptions & { services?: object } = {}): Promise<AgentEvent[]> {
    const { services = { state: this.state, sessions: this.sessions, memory: this.memory }, ...run } = options;
    await using runner = new Runner({ queryHandler: this.handler, services, stopGraceMs: 2000 });
    await runner.start();
    const request: AgentRequestInput = {
      input: input.map((each) => messageSchema.parse(each)),
      session_id: "s",
      user_id: "ada",
    };
    return await Array.fromAsync(runner.streamQuery(request, run));
  }

  async ask(input: MessageInput[], options?: RunOptions & { services?: object }): Promise<AgentResponse> {
    const last = (await this.events(input, options)).at(-1);
    if (last?.object !== "response") throw new Error("The stream has no end.");
    return last;
  }

  async saved(): Promise<{ readonly context: AgentScopeMessage[]; readonly replyId: string }> {
    const found = await this.state.load({ userId: "ada", sessionId: "s", name: "agent" });
    return found?.state as { context: AgentScopeMessage[]; replyId: string };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const service of [this.state, this.sessions, this.memory]) await service[Symbol.asyncDispose]();
  }
}

/** A person has allowed this. */
const granting = (id: string, name: string, toolArguments: unknown): RunOptions => ({
  approvals: [{ id, name, hash: approvalHash(name, toolArguments), approve: true }],
});

const typesOf = ({ output }: AgentResponse): string[] => (output ?? []).map(({ type }) => type);
const dataOf = ({ output }: AgentResponse, type: string): Record<string, unknown>[] =>
  (output ?? [])
    .filter((message) => message.type === type)
    .flatMap(({ content }) =>
      (content ?? []).flatMap((part) => (part.type === "data" && part.data !== null ? [part.data] : [])),
    );
const askedIds = (response: AgentResponse): string[] =>
  dataOf(response, "mcp_approval_request").map(({ id }) => String(id));
const blockTypes = (context: readonly AgentScopeMessage[]): string[][] =>
  context.map(({ content }) => content.map(({ type }) => type));

describe("approvals of an AgentScope agent", () => {
  it("asks for the calls that belong together, runs those before at once and those behind later", async () => {
    const [before, pay, send, after] = [
      tool("before"),
      tool("pay", { requireUserConfirm: true }),
      tool("send", { requireUserConfirm: true }),
      tool("after"),
    ];
    const turn = [call("c1", "before"), call("c2", "pay", { to: "bob" }), call("c3", "send"), call("c4", "after")];
    await using world = new World({ turns: [turn, say("Done.")], tools: [before, pay, send, after] });
    const asked = await world.ask([user("Go.")]);
    expect(asked.status).toBe("completed");
    expect(dataOf(asked, "mcp_approval_request")).toMatchObject([{ name: "pay" }, { name: "send" }]);
    expect([before, pay, send, after].map(({ runs }) => runs.length)).toEqual([1, 0, 0, 0]);

    const [first = "", second = ""] = askedIds(asked);
    const done = await world.ask(
      [approval(first, true), approval(second, false)],
      granting(first, "pay", { to: "bob" }),
    );
    expect(done.status).toBe("completed");
    expect([before, pay, send, after].map(({ runs }) => runs.length)).toEqual([1, 1, 0, 1]);
    expect(dataOf(done, "plugin_call_output").map(({ call_id, name, is_error }) => [call_id, name, is_error])).toEqual([
      ["c3", "send", true],
      ["c2", "pay", undefined],
      ["c4", "after", undefined],
    ]);
    expect(typesOf(done)).not.toContain("plugin_call");
  });

  it("asks again for what was not decided", async () => {
    const tools = [tool("pay", { requireUserConfirm: true }), tool("send", { requireUserConfirm: true })];
    await using world = new World({ turns: [[call("c1", "pay"), call("c2", "send")], say("Done.")], tools });
    const [first = "", second = ""] = askedIds(await world.ask([user("Go.")]));
    const again = await world.ask([approval(first, true)], granting(first, "pay", {}));
    expect(askedIds(again)).toEqual([second]);
    const done = await world.ask([approval(second, true)], granting(second, "send", {}));
    expect(done.status).toBe("completed");
    expect(tools.map(({ runs }) => runs.length)).toEqual([1, 1]);
  });

  it("refuses answers that nobody asked for, of another reply, or for a call that was not allowed", async () => {
    const pay = tool("pay", { requireUserConfirm: true });
    await using world = new World({ turns: [[call("c1", "pay", { amount: 7 })]], tools: [pay] });
    const [id = ""] = askedIds(await world.ask([user("Pay.")]));
    const before = await world.saved();
    for (const other of ["c1", "c1~another", "nonsense", ""]) {
      expect(await world.ask([approval(other, true)], granting(other, "pay", { amount: 7 }))).toMatchObject({
        status: "failed",
        error: { code: "conflict" },
      });
    }
    expect(await world.ask([approval(id, true)], granting(id, "pay", { amount: 8 }))).toMatchObject({
      status: "failed",
      error: { code: "permission_denied" },
    });
    expect(pay.runs).toEqual([]);
    expect(await world.saved()).toEqual(before);
    expect((await world.ask([approval(id, true)], granting(id, "pay", { amount: 7 }))).status).toBe("completed");
    expect(await world.ask([approval(id, true)], granting(id, "pay", { amount: 7 }))).toMatchObject({
      error: { code: "conflict" },
    });
    expect(pay.runs).toHaveLength(1);
  });

  it("tells the model why a person refused", async () => {
    await using world = new World({
      turns: [[call("c1", "pay")], say("I see.")],
      tools: [tool("pay", { requireUserConfirm: true })],
    });
    const [id = ""] = askedIds(await world.ask([user("Pay.")]));
    await world.ask([approval(id, false, "Too dear.")]);
    expect(world.prompts[1]?.at(-1)).toMatchObject({ role: "user", text: "I refused the call of pay: Too dear." });
  });

  it("takes a message in place of an answer for a refusal, and leaves no call open", async () => {
    const tools = [tool("pay", { requireUserConfirm: true }), tool("after")];
    const turn = [call("c1", "pay"), call("c2", "after")];
    await using world = new World({ turns: [turn, say("As you like.")], tools });
    const [id = ""] = askedIds(await world.ask([user("Pay.")]));
    const response = await world.ask([user("Forget it. How are you?")]);
    expect(response.status).toBe("completed");
    expect(dataOf(response, "plugin_call_output").map(({ call_id, is_error }) => [call_id, is_error])).toEqual([
      ["c1", true],
      ["c2", true],
    ]);
    expect(tools.map(({ runs }) => runs.length)).toEqual([0, 0]);
    expect(world.prompts[1]?.map(({ role }) => role)).toEqual(["system", "user", "assistant", "tool", "tool", "user"]);
    expect(await world.ask([approval(id, true)], granting(id, "pay", {}))).toMatchObject({
      error: { code: "conflict" },
    });
  });

  it("answers first, and then what was said with the answer", async () => {
    const pay = tool("pay", { requireUserConfirm: true });
    await using world = new World({ turns: [[call("c1", "pay")], say("Paid."), say("Bye.")], tools: [pay] });
    const [id = ""] = askedIds(await world.ask([user("Pay.")]));
    const response = await world.ask([approval(id, true), user("And goodbye.")], granting(id, "pay", {}));
    expect(response.status).toBe("completed");
    expect(pay.runs).toHaveLength(1);
    expect(world.prompts[2]?.at(-1)).toMatchObject({ role: "user", text: "And goodbye." });
  });

  it("needs a confirmation and then the client for a tool that asks for both", async () => {
    const both = { ...tool("ask", { requireUserConfirm: true }), call: undefined };
    await using world = new World({ turns: [[call("c1", "ask")], say("Thanks.")], tools: [both] });
    const [id = ""] = askedIds(await world.ask([user("Ask.")]));
    const handed = await world.ask([approval(id, true)], granting(id, "ask", {}));
    expect(dataOf(handed, "function_call")).toMatchObject([{ call_id: "c1", name: "ask" }]);
    const done = await world.ask([outputOf("c1", "42")]);
    expect(done.status).toBe("completed");
    expect(world.prompts[1]?.at(-1)).toMatchObject({ role: "tool", text: "42" });
  });
});

describe("tools that the client runs", () => {
  const external = { ...tool("ask"), call: undefined };

  it("gives the call to the client and goes on with its output", async () => {
    await using world = new World({ turns: [[call("c1", "ask", { q: 1 })], say("42, then.")], tools: [external] });
    const asked = await world.ask([user("Ask.")]);
    expect(typesOf(asked)).toEqual(["function_call"]);
    const done = await world.ask([outputOf("c1", "42", { name: "ask" })]);
    expect(done.status).toBe("completed");
    expect(world.prompts[1]?.at(-1)).toMatchObject({ role: "tool", text: "42" });
  });

  it("takes the outputs one by one, and waits for all", async () => {
    const turn = [call("c1", "ask"), call("c2", "ask")];
    await using world = new World({ turns: [turn, say("Both.")], tools: [external] });
    await world.ask([user("Ask twice.")]);
    expect((await world.ask([outputOf("c2", "two")])).status).toBe("completed");
    expect(world.prompts).toHaveLength(1);
    await world.ask([outputOf("c1", "one")]);
    expect(world.prompts[1]?.slice(-2)).toMatchObject([{ text: "two" }, { text: "one" }]);
  });

  it("keeps an output that comes before the agent asks for it", async () => {
    const pay = tool("pay", { requireUserConfirm: true });
    await using world = new World({
      turns: [[call("c1", "pay"), call("c2", "ask")], say("Done.")],
      tools: [pay, external],
    });
    const [id = ""] = askedIds(await world.ask([user("Go.")]));
    expect((await world.ask([outputOf("c2", "42")])).status).toBe("completed");
    expect(world.prompts).toHaveLength(1);
    const done = await world.ask([approval(id, true)], granting(id, "pay", {}));
    expect(done.status).toBe("completed");
    expect(world.prompts[1]?.slice(-2)).toMatchObject([{ text: "42" }, { text: "pay done" }]);
  });

  it("refuses outputs of calls that do not wait, and under another name", async () => {
    await using world = new World({ turns: [[call("c1", "ask")]], tools: [external, tool("look")] });
    await world.ask([user("Ask.")]);
    for (const wrong of [outputOf("c2", "x"), outputOf("c1", "x", { name: "look" })]) {
      expect(await world.ask([wrong])).toMatchObject({ status: "failed", error: { code: "invalid_argument" } });
    }
    expect(world.prompts).toHaveLength(1);
  });

  it("tells an output that failed as one, and a message in its place as no answer", async () => {
    await using world = new World({
      turns: [[call("c1", "ask")], [call("c2", "ask")], say("Well.")],
      tools: [external],
    });
    await world.ask([user("Ask.")]);
    await world.ask([outputOf("c1", "no network", { is_error: true })]);
    expect((await world.saved()).context.flatMap(({ content }) => content)).toContainEqual(
      expect.objectContaining({ type: "tool_result", id: "c1", state: "error" }),
    );
    const response = await world.ask([user("Never mind.")]);
    expect(dataOf(response, "function_call_output")).toMatchObject([{ call_id: "c2", is_error: true }]);
  });
});

describe.each([false, true])("an agent that is stopped (with a storage of its own: %s)", (stored) => {
  it("keeps what was said before the model failed", async () => {
    const broken: ModelTurn = [...say("Half of"), { type: "fail", message: "password is hunter2" }];
    await using world = new World({ turns: [broken, say("Sorry.")], stored });
    expect((await world.ask([user("Tell me.")])).status).toBe("failed");
    await world.ask([user("Go on.")]);
    expect(world.prompts[1]?.slice(1).map(({ text }) => text)).toEqual(["Tell me.", "Half of", "Go on."]);
  });

  it("ends at once where neither the model nor the tool knows a signal, and answers the call", async () => {
    const controller = new AbortController();
    const stuck = tool("stuck", {
      call: async () => {
        controller.abort(new RuntimeError("canceled", "Enough."));
        await new Promise(() => undefined);
      },
    });
    await using world = new World({ turns: [[call("c1", "stuck")], say("Where were we?")], tools: [stuck], stored });
    expect((await world.ask([user("Go.")], { signal: controller.signal })).status).toBe("canceled");
    const response = await world.ask([user("Hello?")]);
    expect(response.status).toBe("completed");
    expect(world.prompts[1]?.map(({ role }) => role)).toEqual(["system", "user", "assistant", "tool", "user"]);
    expect(world.prompts[1]?.[3]?.text).toContain("interrupted");
  });

  it("leaves no trace of a run that a later message replaces", async () => {
    const controller = new AbortController();
    const reason = new RuntimeError("canceled", "A later message replaced this one.", { details: { rollback: true } });
    const look = tool("look", {
      call: () => {
        controller.abort(reason);
        return "blue";
      },
    });
    await using world = new World({ turns: [say("Hi."), [call("c1", "look")], say("Bye.")], tools: [look], stored });
    await world.ask([user("Hello.")]);
    await world.ask([user("Look.")], { signal: controller.signal });
    await world.ask([user("Goodbye.")]);
    expect(world.prompts[2]?.slice(1).map(({ text }) => text)).toEqual(["Hello.", "Hi.", "Goodbye."]);
  });

  it("does not begin a call again whose end is not known, when the process died", async () => {
    const key = { userId: "ada", sessionId: "s", name: stored ? "agentscope/friday" : "agent" };
    let left: unknown;
    const runs: unknown[] = [];
    const pay = tool("pay", {
      requireUserConfirm: true,
      call: async (input: unknown) => {
        runs.push(input);
        left = (await world.state.load(key))?.state;
        return "paid";
      },
    });
    await using world = new World({
      turns: [[call("c1", "pay")], say("Paid."), say("I do not know.")],
      tools: [pay],
      stored,
    });
    const [id = ""] = askedIds(await world.ask([user("Pay.")]));
    await world.ask([approval(id, true)], granting(id, "pay", {}));
    // As if the process had died in the tool: what follows it never came to the store, and the run is tried again.
    await world.state.save(key, left);
    const again = await world.ask([approval(id, true)], granting(id, "pay", {}));
    expect(again.status).toBe("completed");
    expect(runs).toHaveLength(1);
    expect(world.prompts[2]?.at(-1)).toMatchObject({ role: "tool", text: expect.stringContaining("interrupted") });
  });
});

it("builds nothing twice of a message that an earlier try of the run has told", async () => {
  await using world = new World({ turns: [say("Hi."), say("Again.")] });
  await world.ask([user("Hello.", "m1")]);
  await world.ask([user("Hello.", "m1")]);
  expect(world.prompts[1]?.filter(({ role }) => role === "user")).toHaveLength(1);
});

it("runs one request after the other on one agent, each in its own session", async () => {
  const seen: string[] = [];
  let running = 0;
  const model = scriptedModel({
    script: {
      model: (prompt) => {
        seen.push(prompt.map(({ text }) => text).join("|"));
        return say(`Answer ${seen.length}.`);
      },
    },
  });
  const look: HandMadeModel = {
    ...model,
    call: async (options) => {
      running += 1;
      expect(running).toBe(1);
      const answer = await model.call(options);
      await new Promise(setImmediate);
      running -= 1;
      return answer;
    },
  };
  const agent = new HandMadeAgent({ name: "friday", sysPrompt: "Be brief.", model: look });
  await using state = new InProcessState();
  await using runner = new Runner({ queryHandler: createAgentScopeHandler(agent), services: { state } });
  await runner.start();
  const ask = async (session_id: string, text: string): Promise<AgentResponse> =>
    runner.query({ input: [user(text)], session_id, user_id: "ada" });
  await Promise.all(["a", "b", "c"].map((id) => ask(id, `I am ${id}.`)));
  await ask("b", "Who am I?");
  expect(seen.at(-1)).toMatch(/^Be brief\.\|I am b\.\|Answer \d\.\|Who am I\?$/);
  expect(agent.model).toBe(look);
});

it("gives up waiting for an agent when the run is stopped, and lets the next one in", async () => {
  const controller = new AbortController();
  const started = Promise.withResolvers<undefined>();
  const go = Promise.withResolvers<undefined>();
  const model = scriptedModel({ script: { model: () => say("Done.") } });
  const slow: HandMadeModel = {
    ...model,
    call: async (options) => {
      started.resolve(undefined);
      await go.promise;
      return model.call(options);
    },
  };
  const agent = new HandMadeAgent({ name: "friday", sysPrompt: "Be brief.", model: slow });
  await using runner = new Runner({ queryHandler: createAgentScopeHandler(agent) });
  await runner.start();
  const first = runner.query({ input: [user("1")] });
  await started.promise;
  const second = runner.query({ input: [user("2")] }, { signal: controller.signal });
  const third = runner.query({ input: [user("3")] });
  controller.abort(new RuntimeError("canceled", "Enough."));
  expect((await second).status).toBe("canceled");
  go.resolve(undefined);
  expect((await first).status).toBe("completed");
  expect((await third).status).toBe("completed");
});

it("does not overwrite what another run has saved meanwhile, nor what is not its own", async () => {
  const key = { userId: "ada", sessionId: "s", name: "agent" };
  const look = tool("look", { call: async () => void (await world.state.save(key, { context: [] })) });
  await using world = new World({ turns: [[call("c1", "look")], say("Done.")], tools: [look] });
  expect(await world.ask([user("Look.")])).toMatchObject({ status: "failed", error: { code: "conflict" } });
  await world.state.save(key, { messages: ["of another framework"] });
  expect(await world.ask([user("Hi.")])).toMatchObject({ status: "failed", error: { code: "conflict" } });
});

it("joins a conversation that others began, and needs no service at all", async () => {
  await using world = new World({ turns: [say("Hi Ada."), say("No idea.")] });
  await world.sessions.append({ userId: "ada", sessionId: "s" }, [messageSchema.parse(user("I am Ada."))]);
  await world.ask([user("Hello.")]);
  expect(world.prompts[0]?.slice(1).map(({ text }) => text)).toEqual(["I am Ada.", "Hello."]);
  expect((await world.ask([user("Who am I?")], { services: {} })).status).toBe("completed");
  expect(world.prompts[1]?.slice(1).map(({ text }) => text)).toEqual(["Who am I?"]);
});

it("shows the model what is remembered, and does not keep it", async () => {
  await using world = new World({ turns: [say("Mild."), say("Bye.")], options: { recallLimit: 3 } });
  await world.memory.add({ userId: "ada" }, [{ text: "Ada lives in Oslo." }, { text: "Ada likes tea." }]);
  await world.ask([user("How is the weather in Oslo?")]);
  expect(world.prompts[0]?.[1]).toMatchObject({ role: "system", text: expect.stringContaining("Ada lives in Oslo.") });
  expect(blockTypes((await world.saved()).context)).toEqual([["text"], ["text"]]);
  await world.ask([user("Bye.")]);
  expect(world.prompts[1]?.map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
});

it("remembers and finds by the two tools of AgentScope's long-term memory", async () => {
  await using memory = new InProcessMemory();
  const scope = { userId: "ada" };
  const [record, retrieve] = createMemoryTools({
    add: async (memories) => void (await memory.add(scope, memories)),
    search: async (query, options) => memory.search(scope, query, options),
  });
  if (record === undefined || retrieve === undefined) throw new Error("There are two tools.");
  expect(await callTool(retrieve, { keywords: ["Oslo"] })).toMatchObject({
    content: [{ text: "Nothing is remembered about this." }],
  });
  await callTool(record, { thinking: "Home matters.", content: ["Ada lives in Oslo.", "Ada likes tea."] });
  expect(await callTool(retrieve, { keywords: ["Oslo", "lives"] })).toMatchObject({
    content: [{ text: "Ada lives in Oslo." }],
  });
});

it("keeps the agents of a session apart in a storage, and refuses a save that another one came before", async () => {
  await using state = new InProcessState();
  const open = () => createAgentScopeStorage({ state, userId: "ada", sessionId: "s" });
  const [one, other] = [open(), open()];
  const message: AgentScopeMessage = { id: "m", name: "a", role: "user", content: [], metadata: {}, timestamp: "" };
  const metadata = { replyId: "r", curIter: 2, curSummary: "so far" };
  for (const storage of [one, other]) {
    expect(await storage.loadAgentState({ agentId: "../a" })).toEqual({
      context: [],
      metadata: { replyId: "", curIter: 0, curSummary: "" },
    });
  }
  await one.saveAgentState({ agentId: "../a", context: [message], metadata });
  await expect(other.saveAgentState({ agentId: "../a", context: [], metadata })).rejects.toMatchObject({
    code: "conflict",
  });
  expect(await other.loadAgentState({ agentId: "../a" })).toEqual({ context: [message], metadata });
  expect(await other.loadAgentState({ agentId: "b" })).toMatchObject({ context: [] });
  expect(await one.offloadContext({ msgs: [message] })).toBeUndefined();
});

it("runs each call of a model that numbers its calls anew in each turn", async () => {
  const look = tool("look");
  const turn = (at: number): ModelTurn => [
    { type: "call", id: "0_look", name: "look", arguments: { at }, pieces: ['{"at":', `${at}}`] },
  ];
  await using world = new World({ turns: [turn(1), turn(2), turn(3), say("Done.")], tools: [look] });
  const response = await world.ask([user("Look around.")]);
  expect(look.runs).toEqual([{ at: 1 }, { at: 2 }, { at: 3 }]);
  const ids = dataOf(response, "plugin_call").map(({ call_id }) => call_id);
  expect(new Set(ids).size).toBe(3);
  expect(dataOf(response, "plugin_call_output").map(({ call_id }) => call_id)).toEqual(ids);
  expect(world.prompts[3]?.filter(({ role }) => role === "tool")).toHaveLength(3);
});

it.each([true, false])("gives what a model has made once and in its place (streamed: %s)", async (stream) => {
  const image = { type: "data", id: "d1", source: { type: "base64", data: "AAAA", mediaType: "image/png" } } as const;
  const text = { type: "text", id: "t", text: "Look." } as const;
  const whole = { type: "chat" as const, id: "r", createdAt: "", content: [image, text] };
  const model: HandMadeModel = {
    modelName: "painter",
    stream,
    call: async () =>
      stream
        ? (async function* () {
            for (const block of whole.content) yield { ...whole, content: [block] };
            return whole;
          })()
        : whole,
  };
  await using world = new World({ model });
  const { output } = await world.ask([user("Paint.")]);
  const types = (output ?? []).flatMap(({ content }) => (content ?? []).map(({ type }) => type));
  // An answer that was not streamed does not say where its image was.
  expect(types).toEqual(stream ? ["image", "text"] : ["text", "image"]);
});
