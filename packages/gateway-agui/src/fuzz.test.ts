import { EventSchema } from "@ag-ui/core/schemas";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentOutput, HttpReply, QueryHandler } from "@agentscope-runtime/core";
import { callHandler } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { decodeSse } from "@agentscope-runtime/protocol";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import * as fc from "fast-check";
import { agUiGateway } from "./index.ts";

const cases = 2_000;

/** Says something and asks for an approval. */
const answer: QueryHandler = (_request, { runId }): readonly AgentOutput[] => [
  "ok",
  { type: "approval.request", id: `of-${runId}`, name: "pay", arguments: {} },
];

function openApp(): AgentApp {
  const sessions = new InProcessSessionHistory();
  return new AgentApp({ query: answer, gateways: [agUiGateway()], services: { sessions }, resources: [sessions] });
}

/** The whole of a reply, whose events must be AG-UI's. */
async function read({ body }: HttpReply): Promise<unknown[]> {
  if (body !== undefined && "json" in body) return [EventSchema.parse(JSON.parse(JSON.stringify(body.json)))];
  if (body === undefined || !("sse" in body)) throw new Error("The reply is neither JSON nor a stream.");
  const bytes = (async function* () {
    for await (const frame of body.sse) yield new TextEncoder().encode(frame);
  })();
  const messages = await Array.fromAsync(decodeSse(bytes));
  return messages.map(({ data }) => EventSchema.parse(JSON.parse(data)));
}

const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
/** Mostly what it should be. A request has many of these. */
const mostly = (...good: readonly fc.Arbitrary<unknown>[]) =>
  fc.oneof({ weight: 60, arbitrary: fc.oneof(...good) }, { weight: 1, arbitrary: anything });
const text = fc.string({ unit: "binary", maxLength: 20 });
const goodId = fc.oneof(fc.constantFrom("tea", "run-1", "run-2"), fc.uuid());
const id = mostly(fc.oneof({ weight: 20, arbitrary: goodId }, fc.constantFrom("..", "a/b", ""), text));
const source = mostly(fc.record({ type: fc.constantFrom("data", "url", "file"), value: text, mimeType: text }));
const part = mostly(
  fc.record({ type: fc.constant("text"), text }),
  fc.record({ type: fc.constantFrom("image", "audio", "video", "document", "hologram"), source }),
  fc.record({ type: fc.constant("binary"), mimeType: text, data: text, filename: text }),
);
const content = mostly(text, fc.array(part, { maxLength: 3 }));
const toolCall = fc.record({
  id: text,
  type: fc.constant("function"),
  function: fc.record({ name: text, arguments: text }),
});
const message = mostly(
  fc.record({ id, role: fc.constant("user"), content }),
  fc.record({ id, role: fc.constantFrom("system", "developer", "reasoning", "assistant", "ghost"), content: text }),
  fc.record({ id, role: fc.constant("assistant"), toolCalls: fc.array(mostly(toolCall), { maxLength: 2 }) }),
  fc.record({ id, role: fc.constant("tool"), toolCallId: text, content, error: text }),
  fc.record({ id, role: fc.constant("activity"), activityType: text, content: fc.object() }),
);
const interruptId = mostly(fc.constantFrom("run-1/of-run-1", "run-2/of-run-2", "run-1/none", "/", "//", "a1"), text);
const resume = mostly(
  fc.record(
    {
      interruptId,
      status: mostly(fc.constantFrom("resolved", "cancelled")),
      payload: mostly(fc.boolean(), fc.record({ approved: fc.boolean() })),
    },
    { requiredKeys: ["interruptId", "status"] },
  ),
);
const input = fc.record(
  {
    threadId: id,
    runId: id,
    parentRunId: id,
    protocolVersion: mostly(fc.constantFrom("1.0", "2.0", "draft")),
    messages: mostly(fc.array(message, { maxLength: 4 })),
    tools: mostly(
      fc.array(mostly(fc.record({ name: text, description: text, parameters: anything })), { maxLength: 2 }),
    ),
    context: mostly(fc.array(mostly(fc.record({ description: text, value: text })), { maxLength: 2 })),
    state: anything,
    forwardedProps: mostly(fc.record({ userId: id })),
    resume: mostly(fc.array(resume, { maxLength: 2 })),
    surprise: anything,
  },
  { requiredKeys: ["threadId", "runId", "messages"] },
);
const path = fc.constantFrom("/ag-ui", "/ag-ui", "/ag-ui/connect", "/agents/agent/ag-ui", "/agents/none/ag-ui");

it("answers whatever it is sent with a run or a refusal in AG-UI's words, never with a 5xx", async () => {
  await using app = openApp();
  await app.start();
  const statuses = new Map<number, number>();
  await fc.assert(
    fc.asyncProperty(fc.oneof({ weight: 20, arbitrary: input }, anything), path, async (body, at) => {
      const reply = await callHandler(app.handle, { path: at, body: JSON.parse(JSON.stringify(body)) });
      statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
      expect(reply.status).toBeLessThan(500);
      const events = await read(reply);
      expect(events.at(-1)).toMatchObject({ type: reply.status === 200 ? "RUN_FINISHED" : "RUN_ERROR" });
    }),
    { numRuns: cases },
  );
  // Neither all refused nor all accepted: both sides were reached.
  expect(statuses.get(200)).toBeGreaterThan(cases / 20);
  expect(statuses.get(400)).toBeGreaterThan(cases / 20);
}, 60_000);

it("answers whatever comes over the wire, in body and headers, and goes on", async () => {
  const app = new AgentApp({
    query: answer,
    gateways: [agUiGateway()],
    authenticate: apiKeys({ key: { userId: "ada" } }),
    limits: { maxBodyBytes: 2_000 },
  });
  await using server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  const good = JSON.stringify({
    threadId: "tea",
    runId: "run-1",
    messages: [{ id: "u", role: "user", content: "Hi" }],
  });
  const header = fc.string({ unit: fc.constantFrom(..."abc/*;=,.q01+ ".split("")), maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.uint8Array({ maxLength: 3_000 }),
        fc.nat(good.length).map((length) => good.slice(0, length)),
        fc.tuple(fc.nat(good.length), text).map(([at, more]) => good.slice(0, at) + more + good.slice(at)),
      ),
      fc.record({ accept: header, "content-type": fc.oneof(header, fc.constant("application/json")) }),
      fc.constantFrom("Bearer key", "Bearer no", ""),
      async (body, headers, authorization) => {
        const sent = { ...headers, authorization };
        const answered = await fetch(`${server.url}/ag-ui`, {
          method: "POST",
          body: typeof body === "string" ? body : Buffer.from(body),
          headers: sent,
        });
        expect(answered.status).toBeLessThan(500);
        expect((await answered.arrayBuffer()).byteLength).toBeGreaterThan(0);
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);
