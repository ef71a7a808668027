import { AgentApp, incompleteFor } from "@agentscope-runtime/core";
import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { agentResponseSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentResponse, Message } from "@agentscope-runtime/protocol";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import * as fc from "fast-check";
import { mcpGateway } from "./index.ts";

/** What a run has told, however it was told. */
interface Story {
  readonly said: readonly (readonly string[])[];
  /** The texts of the answer. */
  readonly answer: readonly string[];
  readonly end: string;
}

type Ending = "completed" | "failed" | "canceled" | "incomplete";

const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 });
const callId = fc.constantFrom("c1", "c2");
const output: fc.Arbitrary<AgentOutput> = fc.oneof(
  word,
  word.map((delta): AgentOutput => ({ type: "reasoning.delta", delta })),
  word.map((delta): AgentOutput => ({ type: "refusal.delta", delta })),
  fc.constant<AgentOutput>({ type: "message.end" }),
  fc
    .tuple(callId, word, fc.jsonValue({ maxDepth: 1 }))
    .map(([id, name, given]): AgentOutput => ({ type: "tool.call", callId: id, name, arguments: given })),
  fc
    .tuple(callId, word, fc.boolean())
    .map(([id, text, isError]): AgentOutput => ({ type: "tool.result", callId: id, output: text, isError })),
  fc.uuid().map((id): AgentOutput => ({ type: "approval.request", id, name: "pay", arguments: {} })),
);
const ending = fc.constantFrom<Ending>("completed", "completed", "failed", "canceled", "incomplete");

const kinds: Readonly<Record<string, string>> = {
  message: "text",
  reasoning: "reasoning",
  plugin_call: "tool_call",
  plugin_call_output: "tool_result",
};

/** Of our own wire: the run as it was kept. */
function storyOf({ status, output: messages, error, incomplete_details: incomplete }: AgentResponse): Story {
  const said = (messages ?? []).flatMap((message) => {
    const kind = kinds[message.type];
    const { name, arguments: given, output: answer } = dataOf(message);
    if (kind === "tool_call") return [[kind, message.id, String(name), String(given)]];
    if (kind === "tool_result") return message.status === "completed" ? [[kind, message.id, String(answer)]] : [];
    const text = textsOf(message).join("");
    return kind === undefined || text === "" ? [] : [[kind, message.id, text]];
  });
  const asks = (messages ?? []).filter(({ type }) => type === "mcp_approval_request");
  const ends: Readonly<Record<string, string>> = {
    completed: asks.length > 0 ? `asks ${asks.map((message) => String(dataOf(message)["id"])).join(" ")}` : "done",
    failed: `${error?.code}: ${error?.message}`,
    canceled: "canceled: The run was canceled.",
    incomplete: `incomplete: The agent stopped early: ${incomplete?.reason}.`,
  };
  const answer = (messages ?? []).filter(({ type }) => type === "message").flatMap(textsOf);
  return { said: sorted(said), answer: answer.filter((text) => text !== ""), end: ends[String(status)] ?? "" };
}

function textsOf({ content }: Message): string[] {
  return (content ?? []).map((part) =>
    part.type === "text" ? (part.text ?? "") : part.type === "refusal" ? (part.refusal ?? "") : "",
  );
}

function dataOf({ content }: Message): Readonly<Record<string, unknown>> {
  const [part] = content ?? [];
  return part?.type === "data" ? (part.data ?? {}) : {};
}

function sorted(said: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return said.toSorted(([, one = ""], [, other = ""]) => (one < other ? -1 : 1));
}

interface About {
  readonly type: string;
  readonly message_id: string;
  readonly name?: string;
  readonly arguments?: string;
  readonly output?: string;
}

/** Of MCP: what the client was told while it waited, and the result. */
async function clientStory(client: Client): Promise<{ readonly runId: string; readonly story: Story }> {
  const texts = new Map<string, readonly string[]>();
  const others: (readonly string[])[] = [];
  const result = await client.callTool(
    { name: "agent", arguments: { message: "Go" } },
    {
      onprogress: ({ message = "", ...note }) => {
        const { _meta: meta } = note as { readonly _meta?: { readonly agentscope?: About } };
        const about = meta?.agentscope;
        if (about === undefined) throw new Error("Progress of nothing.");
        const { type, message_id: id } = about;
        if (type === "tool_call") others.push([type, id, about.name ?? "", about.arguments ?? ""]);
        else if (type === "tool_result") others.push([type, id, about.output ?? ""]);
        else texts.set(id, [type, id, (texts.get(id)?.[2] ?? "") + message]);
      },
    },
  );
  const { _meta: meta, structuredContent, isError } = result;
  const run = (meta ?? {})["agentscope"] as { readonly run_id: string };
  const { error } = (structuredContent ?? {}) as {
    readonly error?: {
      readonly code: string;
      readonly message: string;
      readonly details?: { readonly approvals?: readonly { readonly id: string }[] };
    };
  };
  const said = result.content.map((block) => (block.type === "text" ? block.text : block.type));
  const asks =
    error?.code === "approval_required" ? error.details?.approvals?.map(({ id }) => id).join(" ") : undefined;
  const end = asks === undefined ? (error === undefined ? "done" : `${error.code}: ${error.message}`) : `asks ${asks}`;
  // A failure is told in words too, behind all that was said.
  expect(isError === true ? said.at(-1) : undefined).toBe(error?.message);
  const answer = isError === true ? said.slice(0, -1) : said;
  return { runId: run.run_id, story: { said: sorted([...texts.values(), ...others]), answer, end } };
}

async function openServer(query: QueryHandler) {
  const app = new AgentApp({ query, gateways: [mcpGateway()] });
  return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
}

async function connect(url: string, mode: "legacy" | { readonly pin: string }): Promise<Client> {
  const client = new Client({ name: "test", version: "1.0.0" }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", url)));
  return client;
}

it("tells the story of a run as our own wire tells it, in both protocol versions", async () => {
  let said: readonly AgentOutput[] = [];
  let end: Ending = "completed";
  await using server = await openServer(async function* () {
    for (const one of said) yield one;
    if (end === "failed") throw new RuntimeError("unavailable", "The model is down.");
    if (end === "canceled") throw new RuntimeError("canceled", "Stop.");
    if (end === "incomplete") throw incompleteFor("patience");
    await Promise.resolve();
  });
  const clients = [await connect(server.url, "legacy"), await connect(server.url, { pin: "2026-07-28" })];
  await fc.assert(
    fc.asyncProperty(fc.array(output, { maxLength: 12 }), ending, fc.nat(1), async (outputs, how, which) => {
      said = outputs;
      end = how;
      const client = clients[which];
      if (client === undefined) throw new Error("There are two.");
      const { runId, story } = await clientStory(client);
      const run = (await (await fetch(`${server.url}/runs/${runId}`)).json()) as { readonly response: unknown };
      expect(story).toEqual(storyOf(agentResponseSchema.parse(run.response)));
    }),
    { numRuns: 200 },
  );
  for (const client of clients) await client.close();
}, 60_000);

it("ends a call when its run is canceled at another door", async () => {
  await using server = await openServer(async function* (_request, { signal }) {
    yield "waiting";
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
    });
  });
  const client = await connect(server.url, "legacy");
  const cancel = async (): Promise<void> => {
    const { data } = (await (await fetch(`${server.url}/runs`)).json()) as { data: { id: string }[] };
    await fetch(`${server.url}/runs/${data[0]?.id}/cancel`, { method: "POST" });
  };
  const result = await client.callTool(
    { name: "agent", arguments: { message: "Go" } },
    { onprogress: () => void cancel() },
  );
  expect(result).toMatchObject({
    isError: true,
    content: [{ text: "waiting" }, { text: "The run was canceled." }],
    structuredContent: { error: { code: "canceled" } },
  });
  await client.close();
});

it("goes on over our own wire exactly where a client of MCP has left", async () => {
  const gate = Promise.withResolvers<undefined>();
  const app = new AgentApp({
    query: async function* () {
      yield "first ";
      await gate.promise;
      yield "second";
    },
    gateways: [mcpGateway()],
    onDisconnect: "continue",
  });
  await using server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  const client = await connect(server.url, "legacy");
  const left = client.callTool(
    { name: "agent", arguments: { message: "Go" } },
    { onprogress: () => void client.close() },
  );
  await expect(left).rejects.toThrow(/closed/i);
  const { data } = (await (await fetch(`${server.url}/runs`)).json()) as { data: { id: string }[] };
  const rest = fetch(`${server.url}/runs/${data[0]?.id}/events?after=3`).then(async (answer) => answer.text());
  gate.resolve(undefined);
  expect(await rest).toContain('"text":"second"');
});
