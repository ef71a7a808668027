import { EventType, HttpAgent } from "@ag-ui/client";
import type { Event, Message as AgUiMessage } from "@ag-ui/client";
import { EventSchema } from "@ag-ui/core/schemas";
import { AgentApp, incompleteFor } from "@agentscope-runtime/core";
import type { AgentAppOptions, AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { agentResponseSchema, decodeEvents, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentResponse, Message } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import * as fc from "fast-check";
import { agUiGateway } from "./index.ts";

/** What happened in a run, in words that both doors have. */
interface Story {
  readonly said: readonly (readonly string[])[];
  readonly end: string;
}

type Ending = "completed" | "failed" | "canceled" | "incomplete";

const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 });
const callId = fc.constantFrom("c1", "c2", "c3");
const json = fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 });
const output: fc.Arbitrary<AgentOutput> = fc.oneof(
  word,
  word.map((delta): AgentOutput => ({ type: "reasoning.delta", delta })),
  word.map((delta): AgentOutput => ({ type: "refusal.delta", delta })),
  fc.constant<AgentOutput>({ type: "message.end" }),
  fc
    .tuple(callId, json)
    .map(([id, value]): AgentOutput => ({ type: "tool.call", callId: id, name: "t", arguments: value })),
  fc
    .tuple(callId, fc.string({ unit: fc.constantFrom(...'{}[]":, ab1'.split("")), maxLength: 90 }))
    .map(([id, delta]): AgentOutput => ({ type: "tool.call.delta", callId: id, name: "t", delta })),
  fc
    .tuple(callId, word, fc.boolean())
    .map(([id, text, isError]): AgentOutput => ({ type: "tool.result", callId: id, output: text, isError })),
  word.map((text): AgentOutput => ({ type: "content", content: { type: "image", image_url: text } })),
  fc.uuid().map((id): AgentOutput => ({ type: "approval.request", id, name: "pay", arguments: {} })),
);
const ending = fc.constantFrom<Ending>("completed", "completed", "failed", "canceled", "incomplete");

/** Of our own wire: the messages of the last event. */
function storyOf({ status, output: messages, error }: AgentResponse): Story {
  const said = (messages ?? []).flatMap((message) => {
    const text = (message.content ?? []).map((part) =>
      part.type === "text" ? (part.text ?? "") : part.type === "refusal" ? (part.refusal ?? "") : "",
    );
    const data = dataOf(message);
    if (message.type === "message" || message.type === "reasoning")
      return text.join("") === "" ? [] : [[message.type, message.id, text.join("")]];
    if (message.type === "plugin_call") return [["call", message.id, String(data["name"]), String(data["arguments"])]];
    if (message.type === "plugin_call_output" && message.status === "completed")
      return [["result", message.id, String(data["output"])]];
    return [];
  });
  const asks = (messages ?? []).filter(({ type }) => type === "mcp_approval_request");
  const ends: Record<string, string> = {
    completed: asks.length > 0 ? `asks ${asks.map((message) => String(dataOf(message)["id"])).join(" ")}` : "done",
    failed: `failed ${error?.code}: ${error?.message}`,
  };
  return { said: sorted(said), end: ends[String(status)] ?? "stopped" };
}

function dataOf({ content }: Message): Readonly<Record<string, unknown>> {
  const [part] = content ?? [];
  return part?.type === "data" ? (part.data ?? {}) : {};
}

/** Of AG-UI: the messages that the client has put together. */
function clientStoryOf(messages: readonly AgUiMessage[], last: Event | undefined): Story {
  const said = messages.flatMap((message): string[][] => {
    if (message.role === "reasoning") return [["reasoning", message.id, message.content]];
    if (message.role === "tool")
      return [["result", message.id, typeof message.content === "string" ? message.content : "parts"]];
    if (message.role !== "assistant") return [];
    if (message.toolCalls === undefined) return [["message", message.id, message.content ?? ""]];
    return message.toolCalls.map((call) => ["call", message.id, call.function.name, call.function.arguments]);
  });
  if (last?.type === EventType.RUN_ERROR) return { said: sorted(said), end: `failed ${last.code}: ${last.message}` };
  if (last?.type !== EventType.RUN_FINISHED) throw new Error("The stream has no end.");
  const { outcome } = last;
  const asks = outcome?.type === "interrupt" ? outcome.interrupts.map(({ id }) => id.split("/")[1]) : [];
  const done = outcome?.type === "interrupt" ? `asks ${asks.join(" ")}` : "done";
  return { said: sorted(said), end: outcome?.type === "cancelled" ? "stopped" : done };
}

/** A client puts a result behind its call, whenever it comes. */
function sorted(said: string[][]): string[][] {
  return said.toSorted(([, one = ""], [, other = ""]) => (one < other ? -1 : 1));
}

async function openServer(query: QueryHandler, options: Partial<AgentAppOptions> = {}) {
  const sessions = new InProcessSessionHistory();
  const app = new AgentApp({
    query,
    gateways: [agUiGateway()],
    services: { sessions },
    resources: [sessions],
    ...options,
  });
  return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
}

async function post(url: string, body: unknown): Promise<string> {
  const headers = { "content-type": "application/json" };
  return (await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })).text();
}

async function clientStory(agent: HttpAgent, runId: string): Promise<Story> {
  let last: Event | undefined;
  const { unsubscribe } = agent.subscribe({
    onEvent: ({ event }) => {
      EventSchema.parse(event);
      last = event as Event; // It just was.
    },
  });
  const { newMessages } = await agent.runAgent({ runId });
  unsubscribe();
  return clientStoryOf(newMessages, last);
}

it("tells the story of a run as our own wire tells it, whichever door it began at", async () => {
  let said: readonly AgentOutput[] = [];
  let end: Ending = "completed";
  await using server = await openServer(async function* ({ input }) {
    if (input.length === 0) return;
    for (const one of said) yield one;
    if (end === "failed") throw new RuntimeError("unavailable", "The model is down.");
    if (end === "canceled") throw new RuntimeError("canceled", "Stop.");
    if (end === "incomplete") throw incompleteFor("patience");
    await Promise.resolve();
  });
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(output, { maxLength: 12 }), ending, fc.boolean(), async (outputs, how, ours) => {
      said = outputs;
      end = how;
      const [threadId, runId] = [`thread-${++count}`, `run-${count}`];
      const question = { id: `u-${count}`, role: "user" as const, content: "Go" };
      const agent = new HttpAgent({ url: `${server.url}/ag-ui`, threadId, initialMessages: [question] });
      if (ours) {
        // Begun over our wire, under the id that AG-UI then asks for with nothing new.
        const input = [{ id: question.id, role: "user", content: [{ type: "text", text: "Go" }] }];
        await post(`${server.url}/process`, { id: runId, session_id: threadId, input });
      }
      const theirs = await clientStory(agent, runId);
      const run = (await (await fetch(`${server.url}/runs/${runId}`)).json()) as { readonly response: unknown };
      expect(theirs).toEqual(storyOf(agentResponseSchema.parse(run.response)));
    }),
    { numRuns: 200 },
  );
}, 60_000);

it("goes on over our wire exactly where a client of AG-UI has left", async () => {
  const gate = Promise.withResolvers<undefined>();
  await using server = await openServer(
    async function* () {
      yield "first ";
      await gate.promise;
      yield "second";
    },
    { onDisconnect: "continue" },
  );
  const agent = new HttpAgent({ url: `${server.url}/ag-ui` });
  const left = agent.runAgent(
    { runId: "run-1" },
    {
      onTextMessageContentEvent: () => {
        agent.abortRun();
      },
    },
  );
  await left;
  const rest = await fetch(`${server.url}/runs/run-1/events?after=3`);
  gate.resolve(undefined);
  if (rest.body === null) throw new Error("There is nothing left.");
  const events = await Array.fromAsync(decodeEvents(rest.body));
  expect(events.map(({ sequence_number: number }) => number)).toEqual([4, 5, 6, 7]);
  expect(events[0]).toMatchObject({ object: "content", delta: true, text: "second" });
  expect(events.at(-1)).toMatchObject({ object: "response", status: "completed" });
});

describe("an approval that is asked at one door", () => {
  const query: QueryHandler = ({ input }, { isApproved }) => {
    if (input.length === 0) return [{ type: "approval.request", id: "a1", name: "pay", arguments: {} }];
    return isApproved("pay", {}) ? "Paid." : "Not paid.";
  };
  const resume = [{ interruptId: "run-1/a1", status: "resolved" as const, payload: { approved: true } }];

  it("is answered over our wire, and the client of AG-UI gets the run that goes on", async () => {
    await using server = await openServer(query);
    const agent = new HttpAgent({ url: `${server.url}/ag-ui` });
    await agent.runAgent({ runId: "run-1" });
    const ours = await post(`${server.url}/runs/run-1/approvals/a1`, { approve: true });
    const { newMessages } = await agent.runAgent({ runId: "run-2", resume });
    expect(newMessages).toMatchObject([{ role: "assistant", content: "Paid." }]);
    expect(ours).toContain(newMessages[0]?.id);
  });

  it("is answered over AG-UI when it was asked over our wire", async () => {
    await using server = await openServer(query);
    await post(`${server.url}/process`, { id: "run-1", session_id: "tea", input: [] });
    const agent = new HttpAgent({ url: `${server.url}/ag-ui`, threadId: "tea" });
    const { newMessages } = await agent.runAgent({ resume });
    expect(newMessages).toMatchObject([{ role: "assistant", content: "Paid." }]);
  });
});
