import { AgentApp } from "@agentscope-runtime/core";
import type { QueryHandler } from "@agentscope-runtime/core";
import { callHandler, jsonOf } from "@agentscope-runtime/core/testing";
import type { AgentScript, ModelTurn, PromptMessage } from "@agentscope-runtime/core/testing";
import type { AgentResponse, MessageInput } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";
import { defineTool } from "@agentscope-runtime/tools";
import { Agent, Runner, RunState } from "@openai/agents";
import { z } from "zod";
import { createOpenAIAgentsHandler, toOpenAIAgentsTools } from "./index.ts";
import type { OpenAIAgentsHandlerOptions } from "./index.ts";
import { ScriptModel } from "./testing/script-model.ts";

const runner = new Runner({ tracingDisabled: true });
const say = (text: string): ModelTurn => [{ type: "text", deltas: [text] }];
const call = (id: string, name: string, given: Record<string, unknown> = {}): ModelTurn[number] => ({
  type: "call",
  id,
  name,
  arguments: given,
});

/** A model that says these turns, and what it was shown. */
function turns(...said: readonly ModelTurn[]): AgentScript["model"] & { readonly prompts: PromptMessage[][] } {
  const prompts: PromptMessage[][] = [];
  const model = (prompt: readonly PromptMessage[]): ModelTurn => {
    prompts.push([...prompt]);
    return said[prompts.length - 1] ?? say("There is nothing more to say.");
  };
  return Object.assign(model, { prompts });
}

/** Tools that ask before they run, and what was paid. */
function payTools(paid: unknown[]) {
  const pay = defineTool({
    name: "pay",
    description: "Pays.",
    input: z.looseObject({}),
    run: (given) => {
      paid.push(given);
      return "paid";
    },
  });
  return toOpenAIAgentsTools([pay], { needsApproval: () => true });
}

function serve(agent: Agent, options: OpenAIAgentsHandlerOptions = {}): QueryHandler {
  return createOpenAIAgentsHandler(
    ({ signal }) => ({
      restore: async (text) => RunState.fromString(agent, text),
      run: async (input) => runner.run(agent, input, { stream: true, signal }),
    }),
    options,
  );
}

/** An app on services that outlive it. */
async function open(query: QueryHandler, services = newServices()) {
  const app = new AgentApp({ query, services });
  await app.start();
  const post = async (path: string, body: object): Promise<unknown> =>
    jsonOf(await callHandler(app.handle, { path, body }));
  return {
    services,
    post,
    ask: async (input: string | readonly MessageInput[], more: object = {}) => {
      const messages = typeof input === "string" ? [{ role: "user", content: [{ type: "text", text: input }] }] : input;
      const body = { user_id: "ada", session_id: "s", input: messages, stream: false, ...more };
      return (await post("/process", body)) as AgentResponse;
    },
    [Symbol.asyncDispose]: async () => app[Symbol.asyncDispose](),
  };
}

function newServices() {
  return { sessions: new InProcessSessionHistory(), state: new InProcessState() };
}

function dataOf({ output }: AgentResponse, type: string): readonly Record<string, unknown>[] {
  const messages = (output ?? []).filter((message) => message.type === type);
  return messages.flatMap(({ content }) =>
    (content ?? []).flatMap((part) => (part.type === "data" && part.data !== null ? [part.data] : [])),
  );
}

function answer(id: string, approve: boolean, reason?: string): MessageInput {
  const data = { approval_request_id: id, approve, ...(reason !== undefined && { reason }) };
  return { type: "mcp_approval_response", role: "user", content: [{ type: "data", data }] };
}

describe("an agent that waits for people", () => {
  it("goes on when all of its questions are answered, each as it was", async () => {
    const paid: unknown[] = [];
    const model = turns([call("c1", "pay", { to: "bob" }), call("c2", "pay", { to: "eve" })], say("Done."));
    const agent = new Agent({ name: "friday", model: new ScriptModel({ model }), tools: payTools(paid) });
    await using app = await open(serve(agent));
    const asked = await app.ask("Pay both.", { id: "r1" });
    expect(dataOf(asked, "mcp_approval_request").map(({ id }) => id)).toEqual(["c1", "c2"]);
    await app.post("/runs/r1/approvals/c1", { approve: true, stream: false });
    const response = await app.post("/runs/r1/approvals/c2", { approve: false, reason: "Too dear.", stream: false });
    expect(paid).toEqual([{ to: "bob" }]);
    expect(dataOf(response as AgentResponse, "plugin_call_output")).toEqual([
      expect.objectContaining({ call_id: "c1", output: "paid" }),
      expect.objectContaining({ call_id: "c2", output: "The call was denied: Too dear.", is_error: true }),
    ]);
    expect(model.prompts[1]?.slice(-2).map(({ text }) => text)).toEqual(["paid", "The call was denied: Too dear."]);
  });

  it("asks again for what was not answered yet", async () => {
    const paid: unknown[] = [];
    const model = turns([call("c1", "pay", { to: "bob" }), call("c2", "pay", { to: "eve" })], say("Done."));
    const agent = new Agent({ name: "friday", model: new ScriptModel({ model }), tools: payTools(paid) });
    await using app = await open(serve(agent));
    await app.ask("Pay both.");
    const half = await app.ask([answer("c1", true)]);
    expect(dataOf(half, "mcp_approval_request")).toEqual([expect.objectContaining({ id: "c2" })]);
    expect(paid).toEqual([{ to: "bob" }]);
    const whole = await app.ask([answer("c2", true)]);
    expect(whole.status).toBe("completed");
    expect(paid).toEqual([{ to: "bob" }, { to: "eve" }]);
    expect(model.prompts).toHaveLength(2);
  });

  it("has been refused when somebody says something else, and hears it", async () => {
    const paid: unknown[] = [];
    const model = turns([call("c1", "pay", { to: "bob" })], say("All right."), say("Nothing."));
    const agent = new Agent({ name: "friday", model: new ScriptModel({ model }), tools: payTools(paid) });
    await using app = await open(serve(agent));
    await app.ask("Pay bob.");
    const response = await app.ask("Leave it.");
    expect(dataOf(response, "plugin_call_output")).toEqual([
      expect.objectContaining({ call_id: "c1", is_error: true, output: expect.stringContaining("went on") }),
    ]);
    expect(model.prompts[1]?.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user"]);
    expect(model.prompts[1]?.at(-1)?.text).toBe("Leave it.");
    await app.ask("What did you do?");
    expect(model.prompts[2]?.map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "user",
      "assistant",
      "user",
    ]);
    expect(paid).toEqual([]);
  });

  it("does not take an answer to what it has not asked, nor one that was used", async () => {
    const paid: unknown[] = [];
    const model = turns([call("c1", "pay", { to: "bob" })], say("Paid."));
    const agent = new Agent({ name: "friday", model: new ScriptModel({ model }), tools: payTools(paid) });
    await using app = await open(serve(agent));
    await expect(app.ask([answer("c1", true)])).resolves.toMatchObject({ error: { code: "not_found" } });
    await app.ask("Pay bob.");
    await app.ask([answer("c1", true)]);
    await app.ask([answer("c1", true)]);
    expect(paid).toEqual([{ to: "bob" }]);
  });

  it("runs a call once when two answers race in two processes", async () => {
    const paid: unknown[] = [];
    const agentOf = () => {
      const model = turns([call("c1", "pay", { to: "bob" })], say("Paid."));
      return new Agent({ name: "friday", model: new ScriptModel({ model }), tools: payTools(paid) });
    };
    await using first = await open(serve(agentOf()));
    await first.ask("Pay bob.", { id: "r1" });
    await using second = await open(serve(agentOf()), first.services);
    const answers = await Promise.allSettled([first.ask([answer("c1", true)]), second.ask([answer("c1", true)])]);
    expect(answers.map(({ status }) => status)).toContain("fulfilled");
    expect(paid).toEqual([{ to: "bob" }]);
  });

  it("does not run a call again when the run was stopped while it ran", async () => {
    const paid: unknown[] = [];
    const paying = Promise.withResolvers<undefined>();
    const model = turns([call("c1", "pay", { to: "bob" })], say("It is not known."));
    const broken = defineTool({
      name: "pay",
      description: "Pays.",
      input: z.looseObject({}),
      run: (given, { signal }) => {
        paid.push(given);
        paying.resolve(undefined);
        return new Promise((_, reject) => {
          signal?.addEventListener("abort", () => {
            reject(new Error("I was stopped."));
          });
        });
      },
    });
    const tools = toOpenAIAgentsTools([broken], { needsApproval: () => true });
    const agent = new Agent({ name: "friday", model: new ScriptModel({ model }), tools });
    await using app = await open(serve(agent));
    await app.ask("Pay bob.", { id: "r1" });
    const resumed = app.ask([answer("c1", true)], { id: "r2" });
    await paying.promise;
    await app.post("/runs/r2/cancel", {});
    await resumed;
    const response = await app.ask("Did you?");
    expect(response.status).toBe("completed");
    expect(paid).toHaveLength(1);
    expect(model.prompts[1]?.map(({ role }) => role)).toEqual(["user", "assistant", "tool", "user"]);
    expect(model.prompts[1]?.[2]?.text).toContain("No result");
  });

  it("asks for what an agent that is its tool wants to do", async () => {
    const paid: unknown[] = [];
    const clerk = new Agent({
      name: "clerk",
      model: new ScriptModel({ model: turns([call("n1", "pay", { to: "bob" })], say("Bob is paid.")) }),
      tools: payTools(paid),
    });
    const model = turns([call("c1", "clerk", { input: "Pay bob." })], say("Done."));
    const agentOf = () =>
      new Agent({
        name: "friday",
        model: new ScriptModel({ model }),
        tools: [clerk.asTool({ toolName: "clerk", toolDescription: "Pays." })],
      });
    await using app = await open(serve(agentOf()));
    const asked = await app.ask("Pay bob.", { id: "r1" });
    expect(dataOf(asked, "mcp_approval_request")).toEqual([expect.objectContaining({ id: "n1", name: "pay" })]);
    await using later = await open(serve(agentOf()), app.services);
    const response = await later.ask([answer("n1", true)]);
    expect(paid).toEqual([{ to: "bob" }]);
    expect(dataOf(response, "plugin_call_output")).toEqual([
      expect.objectContaining({ call_id: "c1", output: "Bob is paid." }),
    ]);
  });

  it("goes on with a new message when it has changed since it asked", async () => {
    const model = turns([call("c1", "pay", { to: "bob" })], say("Hello again."));
    const before = new Agent({ name: "friday", model: new ScriptModel({ model }), tools: payTools([]) });
    await using app = await open(serve(before));
    await app.ask("Pay bob.");
    const after = new Agent({ name: "saturday", model: new ScriptModel({ model }) });
    await using changed = await open(serve(after), app.services);
    const answered = await changed.ask([answer("c1", true)]);
    expect(answered).toMatchObject({ status: "failed", error: { code: "unavailable" } });
    expect(await changed.ask("Hello?")).toMatchObject({ status: "completed" });
  });

  it("says what the app lacks to wait", async () => {
    const model = turns([call("c1", "pay", { to: "bob" })]);
    const agent = new Agent({ name: "friday", model: new ScriptModel({ model }), tools: payTools([]) });
    const query = serve(agent);
    const app = new AgentApp({ query });
    await using _ = { [Symbol.asyncDispose]: async () => app[Symbol.asyncDispose]() };
    await app.start();
    const body = { input: [{ role: "user", content: [{ type: "text", text: "Pay." }] }], stream: false };
    const response = jsonOf(await callHandler(app.handle, { path: "/process", body }));
    expect(response).toMatchObject({
      error: { code: "unimplemented", message: expect.stringContaining("services.state") },
    });
  });
});

describe("an agent's conversation", () => {
  it("begins with as many messages of it as one wants", async () => {
    const model = turns(say("One."), say("Two."), say("Three."));
    const agent = new Agent({ name: "friday", model: new ScriptModel({ model }) });
    await using app = await open(serve(agent, { historyLimit: 1 }));
    await app.ask("a");
    await app.ask("b");
    expect(model.prompts[1]?.map(({ text }) => text)).toEqual(["One.", "b"]);
    await using none = await open(serve(agent, { historyLimit: 0 }), app.services);
    await none.ask("c");
    expect(model.prompts[2]?.map(({ text }) => text)).toEqual(["c"]);
  });
});
