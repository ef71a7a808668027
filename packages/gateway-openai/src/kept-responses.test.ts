import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import {
  InProcessLeases,
  InProcessRunLog,
  InProcessSessionHistory,
  InProcessState,
  InProcessTopic,
} from "@agentscope-runtime/services";
import { eventually } from "@agentscope-runtime/services/testing";
import OpenAI from "openai";
import { openAi } from "./index.ts";

interface Served extends AsyncDisposable {
  readonly url: string;
  readonly client: OpenAI;
  as(apiKey: string): OpenAI;
}

async function serving(query: QueryHandler, options: Partial<AgentAppOptions> = {}): Promise<Served> {
  const app = new AgentApp({ query, gateways: [openAi()], stopGraceMs: 50, ...options });
  const server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  const as = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${server.url}/v1`, apiKey, maxRetries: 0 });
  return { url: server.url, client: as("none"), as, [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
}

/** Says a word, waits until it is told to go on, and says another one. */
function gatedAgent(): { readonly query: QueryHandler; readonly goOn: () => void; readonly stopped: Promise<unknown> } {
  const gate = Promise.withResolvers<undefined>();
  const stopped = Promise.withResolvers<unknown>();
  return {
    goOn: () => {
      gate.resolve(undefined);
    },
    stopped: stopped.promise,
    query: async function* (_request, { signal }) {
      signal.addEventListener("abort", () => {
        stopped.resolve(signal.reason);
        gate.resolve(undefined);
      });
      yield { type: "reasoning.delta", delta: "thinking" };
      yield "one ";
      await gate.promise;
      if (!signal.aborted) yield "two";
    },
  };
}

const echo: QueryHandler = ({ input }) => {
  const [part] = input.at(-1)?.content ?? [];
  return part?.type === "text" ? (part.text ?? "") : "";
};
const notFound = { status: 404, type: "invalid_request_error" };

describe("A background response", () => {
  it("is answered at once, goes on alone, and is polled until it has ended", async () => {
    const { query, goOn } = gatedAgent();
    await using server = await serving(query);
    const { responses } = server.client;
    const begun = await responses.create({ model: "m", input: "hi", background: true });
    expect(begun).toMatchObject({ status: "in_progress", background: true, completed_at: null });
    const partly = await eventually(async () => {
      const now = await responses.retrieve(begun.id);
      return now.output.length > 0 && now;
    });
    expect(partly).toMatchObject({ status: "in_progress", output: [{ type: "reasoning", status: "completed" }] });
    goOn();
    const ended = await eventually(async () => {
      const now = await responses.retrieve(begun.id);
      return now.status === "completed" && now;
    });
    expect(ended.output_text).toBe("one two");
  });

  it("is canceled", async () => {
    const { query, stopped } = gatedAgent();
    await using server = await serving(query);
    const { id } = await server.client.responses.create({ model: "m", input: "hi", background: true });
    const canceled = await server.client.responses.cancel(id);
    expect(canceled).toMatchObject({ id, status: "cancelled", error: null });
    expect(await stopped).toMatchObject({ code: "canceled" });
    expect(await server.client.responses.retrieve(id)).toMatchObject(canceled);
  });

  it("outlives the connection that it streams on", async () => {
    const { query, goOn } = gatedAgent();
    await using server = await serving(query);
    const stream = await server.client.responses.create({ model: "m", input: "hi", background: true, stream: true });
    let id = "";
    let seen = -1;
    for await (const event of stream) {
      if (event.type === "response.created") ({ id } = event.response);
      seen = event.sequence_number;
      if (event.type === "response.output_text.delta") break; // Hangs up.
    }
    goOn();
    const rest = await server.client.responses.retrieve(id, { stream: true, starting_after: seen });
    const missed = await Array.fromAsync(rest);
    expect(missed[0]?.sequence_number).toBe(seen + 1);
    expect(missed.at(-1)).toMatchObject({ type: "response.completed", response: { status: "completed" } });
    expect(missed.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("")).toBe(
      "two",
    );
  });

  it("waits its turn in its conversation, and says so", async () => {
    const { query, goOn } = gatedAgent();
    const services = { sessions: new InProcessSessionHistory() };
    await using server = await serving(query, { services, resources: [services.sessions] });
    const { responses } = server.client;
    const question = { model: "m", input: "hi", background: true, conversation: "tea" } as const;
    await responses.create(question);
    const second = await responses.create(question);
    expect(second.status).toBe("queued");
    goOn();
    expect(await eventually(async () => (await responses.retrieve(second.id)).status === "completed")).toBe(true);
  });

  it("has to be stored", async () => {
    await using server = await serving(echo);
    const refused = server.client.responses.create({ model: "m", input: "hi", background: true, store: false });
    await expect(refused).rejects.toMatchObject({ status: 400, param: "background" });
  });
});

describe("A stored response", () => {
  it("streams again what it has streamed, event by event", async () => {
    await using server = await serving(() => ["one ", { type: "reasoning.delta", delta: "hm" }, "two"]);
    const { responses } = server.client;
    const first = await Array.fromAsync(await responses.create({ model: "m", input: "hi", stream: true }));
    const [created] = first;
    const id = created?.type === "response.created" ? created.response.id : "";
    expect(await Array.fromAsync(await responses.retrieve(id, { stream: true }))).toEqual(first);
    for (const after of [0, 5, first.length - 1]) {
      const rest = await responses.retrieve(id, { stream: true, starting_after: after });
      expect(await Array.fromAsync(rest)).toEqual(first.slice(after + 1));
    }
  });

  it("lists what it was asked, by pages", async () => {
    await using server = await serving(echo);
    const input = ["a", "b", "c"].map((content) => ({ role: "user" as const, content }));
    const { id } = await server.client.responses.create({ model: "m", input });
    const newestFirst: unknown[] = [];
    for await (const item of server.client.responses.inputItems.list(id, { limit: 2 })) newestFirst.push(item);
    expect(newestFirst).toMatchObject(
      ["c", "b", "a"].map((text) => ({
        id: expect.any(String),
        type: "message",
        content: [{ type: "input_text", text }],
      })),
    );
    const { data } = await server.client.responses.inputItems.list(id, { order: "asc", limit: 1 });
    expect(data).toMatchObject([{ content: [{ text: "a" }] }]);
    const lost = server.client.responses.inputItems.list(id, { after: "nothing" });
    await expect(lost).rejects.toMatchObject({ status: 400, param: "after" });
  });

  it("is gone once it was deleted", async () => {
    await using server = await serving(echo);
    const { responses } = server.client;
    const { id } = await responses.create({ model: "m", input: "hi" });
    await responses.delete(id);
    await expect(responses.retrieve(id)).rejects.toMatchObject({ ...notFound, message: expect.stringContaining(id) });
    await expect(responses.delete(id)).rejects.toMatchObject(notFound);
    await expect(responses.cancel(id)).rejects.toMatchObject(notFound);
    await expect(responses.inputItems.list(id)).rejects.toMatchObject(notFound);
    const gone = responses.create({ model: "m", input: "hi", previous_response_id: id });
    await expect(gone).rejects.toMatchObject({
      ...notFound,
      code: "previous_response_not_found",
      param: "previous_response_id",
    });
    expect(await (await fetch(`${server.url}/runs`)).json()).toMatchObject({ data: [] });
  });

  it("is its owner's alone", async () => {
    const keys = apiKeys({ ada: { userId: "ada" }, bob: { userId: "bob" } });
    const services = { sessions: new InProcessSessionHistory() };
    await using server = await serving(echo, { authenticate: keys, services, resources: [services.sessions] });
    const [ada, bob] = [server.as("ada"), server.as("bob")];
    const { id } = await ada.responses.create({ model: "m", input: "secret" });
    const { id: conversation } = await ada.conversations.create();
    await expect(bob.responses.retrieve(id)).rejects.toMatchObject(notFound);
    await expect(bob.responses.retrieve(id, { stream: true })).rejects.toMatchObject(notFound);
    await expect(bob.responses.inputItems.list(id)).rejects.toMatchObject(notFound);
    await expect(bob.responses.cancel(id)).rejects.toMatchObject(notFound);
    await expect(bob.responses.delete(id)).rejects.toMatchObject(notFound);
    await expect(bob.responses.create({ input: "hi", previous_response_id: id })).rejects.toMatchObject(notFound);
    const reference = { type: "item_reference" as const, id: `msg_i0_${id}` };
    await expect(bob.responses.create({ input: [reference] })).rejects.toMatchObject(notFound);
    await expect(bob.conversations.retrieve(conversation)).rejects.toMatchObject(notFound);
    expect((await ada.responses.retrieve(id)).output_text).toBe("secret");
  });

  it("is found with its request on another replica, and after a restart", async () => {
    const services = {
      runLog: new InProcessRunLog(),
      topic: new InProcessTopic(),
      leases: new InProcessLeases(),
      state: new InProcessState(),
    };
    const shared = { services, heartbeatMs: 50 };
    await using stores = new AsyncDisposableStack();
    for (const service of Object.values(services)) stores.use(service);
    let id = "";
    {
      await using first = await serving(echo, shared);
      ({ id } = await first.client.responses.create({
        model: "m",
        input: "hi",
        instructions: "Rhyme.",
        metadata: { a: "b" },
      }));
    }
    await using second = await serving(echo, shared);
    const found = await second.client.responses.retrieve(id);
    expect(found).toMatchObject({ model: "m", instructions: "Rhyme.", metadata: { a: "b" }, output_text: "hi" });
    const { data } = await second.client.responses.inputItems.list(id);
    expect(data).toMatchObject([{ content: [{ text: "hi" }] }]);
  });

  it("gives the items that a later request refers to", async () => {
    const seen: unknown[] = [];
    await using server = await serving((request, context) => {
      seen.push(
        request.input.map(({ role, content }) => [
          role,
          content?.map((part) => ("text" in part ? part.text : part.type)),
        ]),
      );
      return echo(request, context);
    });
    const { responses } = server.client;
    const { id, output } = await responses.create({ model: "m", input: "first" });
    const { data } = await responses.inputItems.list(id);
    const references = [data[0]?.id ?? "", output[0]?.id ?? ""].map((itemId) => ({
      type: "item_reference" as const,
      id: itemId,
    }));
    await responses.create({ model: "m", input: [...references, { role: "user", content: "second" }] });
    expect(seen[1]).toEqual([
      ["user", ["first"]],
      ["assistant", ["first"]],
      ["user", ["second"]],
    ]);
    const unknown = responses.create({ model: "m", input: [{ type: "item_reference", id: "msg_o9_nothing" }] });
    await expect(unknown).rejects.toMatchObject({ ...notFound, param: "input" });
  });
});

describe("A response that is not stored", () => {
  it("is answered and then forgotten, with its session", async () => {
    const services = { sessions: new InProcessSessionHistory() };
    await using server = await serving(echo, {
      services,
      resources: [services.sessions],
      authenticate: () => ({ userId: "ada" }),
    });
    const { responses } = server.client;
    const whole = await responses.create({ model: "m", input: "hi", store: false });
    expect(whole).toMatchObject({ store: false, output_text: "hi" });
    const events = await Array.fromAsync(
      await responses.create({ model: "m", input: "hi", store: false, stream: true }),
    );
    expect(events.at(-1)).toMatchObject({ type: "response.completed" });
    await expect(responses.retrieve(whole.id)).rejects.toMatchObject(notFound);
    await expect(responses.create({ input: "hi", previous_response_id: whole.id })).rejects.toMatchObject(notFound);
    await eventually(async () => (await services.sessions.list("ada")).items.length === 0);
    await eventually(async () => {
      const runs = (await (await fetch(`${server.url}/runs`)).json()) as { data: unknown[] };
      return runs.data.length === 0;
    });
  });

  it("cannot be looked at while it runs, and is forgotten too when its caller hangs up", async () => {
    const { query, stopped } = gatedAgent();
    await using server = await serving(query);
    const { responses } = server.client;
    const stream = await responses.create({ model: "m", input: "hi", store: false, stream: true });
    for await (const event of stream) {
      if (event.type === "response.created")
        await expect(responses.retrieve(event.response.id)).rejects.toMatchObject(notFound);
      if (event.type === "response.output_text.delta") break;
    }
    expect(await stopped).toMatchObject({ code: "canceled" });
    await eventually(async () => {
      const runs = (await (await fetch(`${server.url}/runs`)).json()) as { data: unknown[] };
      return runs.data.length === 0;
    });
  });
});

describe("A conversation", () => {
  it("is told to agents of an app that keeps nothing", async () => {
    const seen: unknown[] = [];
    await using server = await serving((request) => {
      seen.push(
        request.input.flatMap(({ content }) => content?.map((part) => ("text" in part ? part.text : part.type))),
      );
      return "yes";
    });
    const { responses } = server.client;
    for (const input of ["one", "two"]) await responses.create({ model: "m", input, conversation: "tea" });
    expect(seen).toEqual([["one"], ["one", "yes", "two"]]);
  });

  it("is not gone on with, in an app that keeps nothing, before its last answer is known", async () => {
    const { query, goOn } = gatedAgent();
    await using server = await serving(query);
    const { responses } = server.client;
    await responses.create({ model: "m", input: "one", conversation: "tea", background: true });
    const early = responses.create({ model: "m", input: "two", conversation: "tea" });
    await expect(early).rejects.toMatchObject({ status: 409, code: "conflict" });
    goOn();
  });

  it("answers messages that were merged together, under one id", async () => {
    const services = { sessions: new InProcessSessionHistory() };
    const heard: number[] = [];
    await using server = await serving(
      ({ input }) => {
        heard.push(input.length);
        return "both";
      },
      { services, resources: [services.sessions] },
    );
    const ask = async (input: string): Promise<OpenAI.Responses.Response> => {
      const merged = { multitask_strategy: { merge: 300 } }; // Our own field.
      return server.client.responses.create({ model: "m", input, conversation: "tea", ...merged });
    };
    const [first, second] = await Promise.all([ask("one"), ask("two")]);
    expect([first.output_text, second.output_text, heard]).toEqual(["both", "both", [2]]);
    expect(second.id).toBe(first.id);
    expect((await server.client.responses.retrieve(first.id)).output_text).toBe("both");
  });

  it("excludes a previous response", async () => {
    await using server = await serving(echo);
    const both = server.client.responses.create({ input: "hi", conversation: "tea", previous_response_id: "resp_1" });
    await expect(both).rejects.toMatchObject({ status: 400, param: "previous_response_id" });
  });
});

describe("Two doors", () => {
  it("share a run: it is begun at ours, and followed and canceled here", async () => {
    const { query, stopped } = gatedAgent();
    await using server = await serving(query);
    const { responses } = server.client;
    const ours = await fetch(`${server.url}/process`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id: "run-1", input: [], on_disconnect: "continue" }),
    });
    const following = await responses.retrieve("run-1", { stream: true });
    for await (const event of following) if (event.type === "response.output_text.delta") break;
    expect(await responses.retrieve("run-1")).toMatchObject({ id: "run-1", status: "in_progress", model: "agent" });
    expect(await responses.cancel("run-1")).toMatchObject({
      status: "cancelled",
      output: [{ type: "reasoning" }, { status: "incomplete" }],
    });
    expect(await stopped).toMatchObject({ code: "canceled" });
    await ours.body?.cancel();
  });

  it("share a run: it is begun here, and followed and canceled at ours", async () => {
    const { query, stopped } = gatedAgent();
    await using server = await serving(query);
    const { id } = await server.client.responses.create({ model: "m", input: "hi", background: true });
    const following = await fetch(`${server.url}/runs/${id}/events`);
    const canceled = await fetch(`${server.url}/runs/${id}/cancel`, { method: "POST" });
    expect(await canceled.json()).toMatchObject({ id, status: "canceled" });
    expect(await stopped).toMatchObject({ code: "canceled" });
    expect(await following.text()).toContain('"status":"canceled"');
    const events = await Array.fromAsync(await server.client.responses.retrieve(id, { stream: true }));
    expect(events.at(-1)).toMatchObject({ type: "response.incomplete", response: { status: "cancelled" } });
  });

  it("share a run whose id no header could hold", async () => {
    await using server = await serving(echo);
    const body = JSON.stringify({ id: "läuft-日本", input: [], stream: false });
    const headers = { "content-type": "application/json" };
    await fetch(`${server.url}/process`, { method: "POST", headers, body });
    const events = await Array.fromAsync(await server.client.responses.retrieve("läuft-日本", { stream: true }));
    expect(events.at(-1)).toMatchObject({ type: "response.completed", response: { id: "läuft-日本" } });
  });

  it("share a completion too, by its id", async () => {
    await using server = await serving(echo);
    const { id } = await server.client.chat.completions.create({
      model: "m",
      messages: [{ role: "user", content: "hi" }],
    });
    expect((await server.client.responses.retrieve(id)).output_text).toBe("hi");
  });
});

describe("An approval", () => {
  it("is asked for as an item, and answered in the next request", async () => {
    const ask = {
      type: "approval.request",
      id: "a1",
      name: "pay",
      arguments: { euros: 5 },
      serverLabel: "bank",
    } as const;
    const query: QueryHandler = (request, context) => {
      if (context.isApproved("pay", { euros: 5 })) return "Paid.";
      return echo(request, context) === "Pay." ? ask : "Bye.";
    };
    await using server = await serving(query);
    const { responses } = server.client;
    const asked = await responses.create({ model: "m", input: "Pay." });
    const request = {
      type: "mcp_approval_request",
      id: "a1",
      name: "pay",
      arguments: '{"euros":5}',
      server_label: "bank",
    };
    expect(asked.output).toEqual([request]);
    const answer = { type: "mcp_approval_response" as const, approval_request_id: "a1", approve: true };
    const paid = await responses.create({ model: "m", previous_response_id: asked.id, input: [answer] });
    expect(paid.output_text).toBe("Paid.");
    const again = responses.create({
      model: "m",
      previous_response_id: asked.id,
      input: [{ ...answer, approve: false }],
    });
    await expect(again).rejects.toMatchObject({ status: 409, code: "conflict" });
    // Later turns do not decide it once more.
    const later = await responses.create({ model: "m", previous_response_id: paid.id, input: "Thanks." });
    expect(later).toMatchObject({ status: "completed", output_text: "Bye." });
  });
});
