import { Role, TaskState } from "@a2a-js/sdk";
import type {
  Artifact,
  Message as A2aSdkMessage,
  Part,
  SendMessageRequest,
  StreamResponse,
  Task,
  TaskStatus,
} from "@a2a-js/sdk";
import { ClientFactory } from "@a2a-js/sdk/client";
import type { Client } from "@a2a-js/sdk/client";
import { AgentApp, incompleteFor } from "@agentscope-runtime/core";
import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { agentResponseSchema, decodeEvents, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentResponse, Content, Message } from "@agentscope-runtime/protocol";
import * as fc from "fast-check";
import { a2aGateway } from "./index.ts";

/** What happened in a run, in words that both doors have. */
interface Story {
  /** By the ids of the messages: kind, id, and pieces of the same kind put together. */
  readonly said: readonly (readonly unknown[])[];
  readonly end: string;
}

type Ending = "completed" | "failed" | "canceled" | "incomplete";
type Piece = readonly [kind: string, value: unknown];

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
  fc.webUrl().map((url): AgentOutput => ({ type: "content", content: { type: "image", image_url: url } })),
  json.map((data): AgentOutput => ({ type: "content", content: { type: "data", data } })),
  fc.uuid().map((id): AgentOutput => ({ type: "approval.request", id, name: "pay", arguments: {} })),
);
const ending = fc.constantFrom<Ending>("completed", "completed", "failed", "canceled", "incomplete");

function joined(pieces: readonly Piece[]): Piece[] {
  const whole: Piece[] = [];
  for (const [kind, value] of pieces) {
    const last = whole.at(-1);
    const isText = kind === "text" || kind === "refusal";
    if (isText && value === "") continue;
    if (isText && last?.[0] === kind) whole[whole.length - 1] = [kind, `${String(last[1])}${String(value)}`];
    else whole.push([kind, value]);
  }
  return whole;
}

function sorted(said: readonly (readonly unknown[])[]): readonly (readonly unknown[])[] {
  return said.toSorted(([, one], [, other]) => (String(one) < String(other) ? -1 : 1));
}

/** Of our own wire: the messages of the run. */
function storyOf(response: AgentResponse): Story {
  const messages = response.output ?? [];
  const said = messages.flatMap((message) => {
    if (message.type === "mcp_approval_request") return [];
    const pieces = joined((message.content ?? []).map(pieceOf));
    return pieces.length === 0 ? [] : [[message.type, message.id, pieces]];
  });
  const asks = messages.filter(({ type }) => type === "mcp_approval_request").map(idOf);
  const ends: Record<string, string> = {
    completed: asks.length > 0 ? `asks ${asks.join(" ")}` : "done",
    failed: `failed ${response.error?.code}: ${response.error?.message}`,
    incomplete: `early: ${response.incomplete_details?.reason}`,
  };
  return { said: sorted(said), end: ends[String(response.status)] ?? String(response.status) };
}

function pieceOf(content: Content): Piece {
  if (content.type === "text") return ["text", content.text ?? ""];
  if (content.type === "refusal") return ["refusal", content.refusal ?? ""];
  if (content.type === "image") return ["url", content.image_url];
  if (content.type === "data") return ["data", content.data];
  throw new Error(`No ${content.type} was said.`);
}

function idOf({ content }: Message): string {
  const [part] = content ?? [];
  return part?.type === "data" ? String(part.data?.["id"]) : "";
}

/** Of A2A: a task as its client has it. */
function taskStoryOf({ id, status, artifacts, history }: Pick<Task, "id" | "status" | "artifacts" | "history">): Story {
  const work = history.filter(({ role, metadata }) => role === Role.ROLE_AGENT && metadata?.["type"] !== undefined);
  const said = [...artifacts.map(saidBy), ...work.map(workOf)].filter(([, , pieces]) => pieces.length > 0);
  expect(id).not.toBe("");
  return { said: sorted(said), end: endOf(status) };
}

function saidBy({ artifactId, parts }: Artifact): [string, string, Piece[]] {
  return ["message", artifactId, joined(parts.map(partPiece))];
}

function workOf({ messageId, parts, metadata }: A2aSdkMessage): [string, string, Piece[]] {
  return [String(metadata?.["type"]), messageId, joined(parts.map(partPiece))];
}

function partPiece({ content, metadata }: Part): Piece {
  if (content?.$case === "text") return [metadata?.["refusal"] === true ? "refusal" : "text", content.value];
  if (content === undefined) throw new Error("A part is empty.");
  return [content.$case, content.value];
}

function endOf(status: TaskStatus | undefined): string {
  const message = status?.message;
  const [first] = message?.parts ?? [];
  const text = first?.content?.$case === "text" ? first.content.value : "";
  const state = status?.state;
  if (state === TaskState.TASK_STATE_COMPLETED) return "done";
  if (state === TaskState.TASK_STATE_CANCELED) return "canceled";
  if (state === TaskState.TASK_STATE_INPUT_REQUIRED) {
    const data = message?.parts[1]?.content?.value as { readonly approvals: readonly { readonly id: string }[] };
    return `asks ${data.approvals.map(({ id }) => id).join(" ")}`;
  }
  if (state !== TaskState.TASK_STATE_FAILED) throw new Error(`The task has not ended: ${state}.`);
  const { code, reason } = message?.metadata ?? {};
  return reason === undefined ? `failed ${String(code)}: ${text}` : `early: ${String(reason)}`;
}

/** Puts a task together from its stream, as a client has to. */
function taskOf(events: readonly StreamResponse[]): Task {
  const [first, ...rest] = events.map(({ payload }) => payload);
  if (first?.$case !== "task") throw new Error("The task has to come first.");
  const artifacts = new Map(first.value.artifacts.map((artifact) => [artifact.artifactId, artifact]));
  const history = [...first.value.history];
  let { status } = first.value;
  for (const payload of rest) {
    if (payload?.$case === "statusUpdate") {
      ({ status } = payload.value);
      if (status?.state === TaskState.TASK_STATE_WORKING && status.message !== undefined) history.push(status.message);
    } else if (payload?.$case === "artifactUpdate") {
      const { artifact, append } = payload.value;
      if (artifact === undefined) throw new Error("There is no artifact.");
      const before = append ? artifacts.get(artifact.artifactId) : undefined;
      if (append && before === undefined) throw new Error("There is nothing to append to.");
      artifacts.set(artifact.artifactId, { ...artifact, parts: [...(before?.parts ?? []), ...artifact.parts] });
    } else throw new Error("That is no update.");
  }
  return { ...first.value, status, artifacts: [...artifacts.values()], history };
}

function toRequest(text: string, { taskId = "", contextId = "" } = {}): SendMessageRequest {
  const part = { content: { $case: "text" as const, value: text }, metadata: undefined, filename: "", mediaType: "" };
  const message = {
    messageId: crypto.randomUUID(),
    contextId,
    taskId,
    role: Role.ROLE_USER,
    parts: [part],
    metadata: undefined,
    extensions: [],
    referenceTaskIds: [],
  };
  return { tenant: "", message, configuration: undefined, metadata: undefined };
}

async function opened(query: QueryHandler) {
  const app = new AgentApp({ query, gateways: [a2aGateway({ showWork: true })], onDisconnect: "continue" });
  const server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  const client = await new ClientFactory().createFromUrl(server.url);
  return { server, client, [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose]() };
}

async function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

async function getTask(client: Client, id: string): Promise<Task> {
  return client.getTask({ tenant: "", id });
}

it("tells the story of a run as our own wire tells it, whichever door it began at", async () => {
  let said: readonly AgentOutput[] = [];
  let end: Ending = "completed";
  await using doors = await opened(async function* () {
    for (const one of said) yield one;
    if (end === "failed") throw new RuntimeError("unavailable", "The model is down.");
    if (end === "canceled") throw new RuntimeError("canceled", "Stop.");
    if (end === "incomplete") throw incompleteFor("patience");
    await Promise.resolve();
  });
  const { server, client } = doors;
  let count = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(output, { maxLength: 12 }), ending, fc.boolean(), async (outputs, how, ours) => {
      said = outputs;
      end = how;
      let id = `run-${++count}`;
      const stories: Story[] = [];
      if (ours) {
        await (await post(`${server.url}/process`, { id, session_id: `tea-${count}`, input: [] })).text();
      } else {
        const events = await Array.fromAsync(client.sendMessageStream(toRequest("Go")));
        const task = taskOf(events);
        ({ id } = task);
        stories.push(taskStoryOf(task));
      }
      stories.push(taskStoryOf(await getTask(client, id)));
      const run = (await (await fetch(`${server.url}/runs/${id}`)).json()) as { readonly response: unknown };
      for (const story of stories) expect(story).toEqual(storyOf(agentResponseSchema.parse(run.response)));
    }),
    { numRuns: 200 },
  );
}, 60_000);

describe("a run under way", () => {
  function gated() {
    const gate = Promise.withResolvers<undefined>();
    const query: QueryHandler = async function* (_request, { signal }) {
      yield "first ";
      signal.addEventListener("abort", () => {
        gate.resolve(undefined);
      });
      await gate.promise;
      yield "second";
    };
    return { gate, query };
  }

  it("that our wire began is followed over A2A, to the same end", async () => {
    const { gate, query } = gated();
    await using doors = await opened(query);
    const ours = await post(`${doors.server.url}/process`, { id: "run-1", session_id: "tea", input: [] });
    const events = doors.client.resubscribeTask({ tenant: "", id: "run-1" });
    const { value: first } = await events.next();
    gate.resolve(undefined);
    const task = taskOf([first as StreamResponse, ...(await Array.fromAsync(events))]);
    expect(task.contextId).toBe("tea");
    if (ours.body === null) throw new Error("There is no stream.");
    const last = (await Array.fromAsync(decodeEvents(ours.body))).at(-1);
    if (last?.object !== "response") throw new Error("The stream has no end.");
    expect(taskStoryOf(task)).toEqual(storyOf(last));
  });

  it("that our wire began is canceled over A2A", async () => {
    await using doors = await opened(gated().query);
    const ours = await post(`${doors.server.url}/process`, { id: "run-1", session_id: "tea", input: [] });
    const task = await doors.client.cancelTask({ tenant: "", id: "run-1", metadata: undefined });
    expect(task.status?.state).toBe(TaskState.TASK_STATE_CANCELED);
    expect((await ours.text()).trimEnd().split("\n").at(-1)).toContain('"status":"canceled"');
  });

  it("that A2A began is canceled over our wire", async () => {
    await using doors = await opened(gated().query);
    const events = doors.client.sendMessageStream(toRequest("Go"));
    const { value: first } = await events.next();
    if (first?.payload?.$case !== "task") throw new Error("The task has to come first.");
    const canceled = await post(`${doors.server.url}/runs/${first.payload.value.id}/cancel`, {});
    expect(canceled.ok).toBe(true);
    expect(taskStoryOf(taskOf([first, ...(await Array.fromAsync(events))])).end).toBe("canceled");
  });
});

it("answers over A2A the approval that was asked over our wire", async () => {
  await using doors = await opened((_request, { isApproved }) =>
    isApproved("pay", {}) ? "Paid." : [{ type: "approval.request", id: "a1", name: "pay", arguments: {} }],
  );
  await (await post(`${doors.server.url}/process`, { id: "run-1", session_id: "tea", input: [] })).text();
  expect(endOf((await getTask(doors.client, "run-1")).status)).toBe("asks a1");
  const task = await doors.client.sendMessage(toRequest("approve", { taskId: "run-1" }));
  if (!("status" in task)) throw new Error("A task was expected.");
  expect(task).toMatchObject({ id: "run-1", contextId: "tea", status: { state: TaskState.TASK_STATE_COMPLETED } });
  expect(task.artifacts.at(-1)?.parts[0]?.content).toEqual({ $case: "text", value: "Paid." });
});
