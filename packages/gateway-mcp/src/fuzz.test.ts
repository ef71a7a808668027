import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentOutput, HttpReply, QueryHandler } from "@agentscope-runtime/core";
import { callHandler } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { createToolbox, defineTool } from "@agentscope-runtime/tools";
import { isSpecType } from "@modelcontextprotocol/server";
import * as fc from "fast-check";
import { z } from "zod";
import { mcpGateway } from "./index.ts";

const cases = 2_000;

/** Says something and asks for an approval. */
const answer: QueryHandler = (): readonly AgentOutput[] => [
  "ok",
  { type: "approval.request", id: "a1", name: "pay", arguments: {} },
];

const add = defineTool({
  name: "add",
  description: "Adds.",
  input: z.object({ a: z.number(), b: z.number() }),
  run: ({ a, b }) => String(a + b),
});

function openApp(): AgentApp {
  return new AgentApp({
    agents: { asker: answer, sayer: () => "ok" },
    gateways: [mcpGateway({ tools: createToolbox(add) })],
  });
}

/** Everything that a reply says, as messages. */
async function read({ body }: HttpReply): Promise<unknown[]> {
  if (body === undefined) return [];
  if ("json" in body) return [JSON.parse(JSON.stringify(body.json)) as unknown];
  if ("text" in body) return body.text === "" ? [] : [JSON.parse(body.text) as unknown].flat();
  const chunks =
    "sse" in body
      ? await Array.fromAsync(body.sse)
      : await Array.fromAsync(body.bytes, (bytes) => Buffer.from(bytes).toString());
  const data = chunks
    .join("")
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => line.slice(6));
  return data.filter((json) => json !== "").map((json): unknown => JSON.parse(json));
}

const anything = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>;
/** Mostly what it should be. A request has many of these. */
const mostly = (...good: readonly fc.Arbitrary<unknown>[]) =>
  fc.oneof({ weight: 40, arbitrary: fc.oneof(...good) }, { weight: 1, arbitrary: anything });
const text = fc.string({ unit: "binary", maxLength: 20 });
const id = mostly(fc.nat(), fc.string({ maxLength: 5 }), fc.constant("response_x/a1"));
const given = mostly(
  fc.record(
    { message: mostly(text), session_id: mostly(fc.constant("tea"), text), messages: mostly(fc.array(anything)) },
    { requiredKeys: ["message"] },
  ),
  fc.record({ a: mostly(fc.double({ noNaN: true })), b: mostly(fc.nat()) }),
);
const capabilities = mostly(
  fc.constant({}),
  fc.constant({ elicitation: {} }),
  fc.constant({ elicitation: { url: {} } }),
);
const envelope = fc.record(
  {
    "io.modelcontextprotocol/protocolVersion": mostly(fc.constant("2026-07-28"), fc.constant("2027-01-01")),
    "io.modelcontextprotocol/clientInfo": mostly(fc.constant({ name: "t", version: "1" })),
    "io.modelcontextprotocol/clientCapabilities": capabilities,
    progressToken: mostly(fc.nat(), text),
  },
  { requiredKeys: [] },
);
const params = mostly(
  fc.record(
    {
      name: mostly(fc.constantFrom("asker", "sayer", "add", "none")),
      arguments: given,
      _meta: mostly(envelope, fc.constant({ progressToken: 1 })),
      requestState: mostly(text, fc.constant("response_x")),
      inputResponses: mostly(fc.constant({ a1: { action: "accept", content: { approve: true } } })),
      requestId: id,
      cursor: mostly(text),
      protocolVersion: mostly(fc.constant("2025-11-25")),
      clientInfo: mostly(fc.constant({ name: "t", version: "1" })),
      capabilities,
    },
    { requiredKeys: ["name", "arguments"] },
  ),
);
const method = mostly(
  fc.constantFrom("tools/call", "tools/call", "tools/call", "tools/list", "initialize", "ping", "server/discover"),
  fc.constantFrom("notifications/cancelled", "notifications/initialized", "prompts/list", "resources/read", "no/such"),
);
const message = fc.oneof(
  fc.record({ jsonrpc: mostly(fc.constant("2.0")), id, method, params }, { requiredKeys: ["jsonrpc", "method"] }),
  fc.record({ jsonrpc: fc.constant("2.0"), id, result: mostly(fc.constant({ action: "accept" })) }),
  fc.record({ jsonrpc: fc.constant("2.0"), id, error: mostly(fc.constant({ code: 1, message: "no" })) }),
);
const name = mostly(fc.constantFrom("asker", "sayer", "add", "none"));
const progress = fc.constantFrom(undefined, { progressToken: 1 }, { progressToken: "p" });
/** A call of 2025 that is mostly in order. */
const legacyCall = fc.record({
  jsonrpc: fc.constant("2.0"),
  id,
  method: fc.constant("tools/call"),
  params: fc.record({ name, arguments: given, _meta: progress }),
});
const modernMeta = fc.tuple(capabilities, progress).map(([clientCapabilities, token]) => ({
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "t", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": clientCapabilities,
  ...token,
}));
/** The same of 2026. */
const modernCall = fc.record({
  jsonrpc: fc.constant("2.0"),
  id,
  method: fc.constant("tools/call"),
  params: fc.record(
    {
      name: fc.constantFrom("asker", "add"),
      arguments: given,
      _meta: modernMeta,
      requestState: mostly(text),
      inputResponses: mostly(fc.constant({ a1: { action: "accept", content: { approve: true } } })),
    },
    { requiredKeys: ["name", "arguments", "_meta"] },
  ),
});
const uuid = fc.uuid();
const headers = fc.record(
  {
    accept: fc.oneof(
      { weight: 20, arbitrary: fc.constant("application/json, text/event-stream") },
      fc.constantFrom("*/*", "application/json", ""),
    ),
    "content-type": fc.oneof(
      { weight: 20, arbitrary: fc.constant("application/json") },
      fc.constantFrom("text/plain", ""),
    ),
    "mcp-protocol-version": fc.constantFrom("2025-11-25", "2025-06-18", "2026-07-28", "1999-01-01"),
    "mcp-session-id": fc.oneof(
      uuid,
      uuid.map((value) => `${value}.elicits`),
      fc.constant("mine"),
    ),
    "mcp-method": fc.constantFrom("tools/call", "tools/list"),
    "mcp-name": fc.constantFrom("asker", "add", "=?base64?%%%?="),
    "last-event-id": fc.oneof(fc.base64String(), fc.constant("W10.0"), text),
    origin: fc.constantFrom("http://localhost:3000", "http://evil.example", "null"),
  },
  { requiredKeys: ["accept", "content-type"] },
);

const goodHeaders = { accept: "application/json, text/event-stream", "content-type": "application/json" };
const asked = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(legacyCall, fc.constant({ ...goodHeaders, "mcp-protocol-version": "2025-11-25" })) },
  {
    weight: 3,
    arbitrary: modernCall.map((body) => {
      const { name: called } = body.params;
      const version = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": called };
      return [body, { ...goodHeaders, ...version }] as const;
    }),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.oneof({ weight: 20, arbitrary: message }, fc.array(message, { maxLength: 3 }), anything),
      fc.oneof(headers, fc.constant(goodHeaders)),
    ),
  },
);

it("answers whatever it is sent with JSON-RPC, never with a 5xx", async () => {
  await using app = openApp();
  await app.start();
  const statuses = new Map<number, number>();
  let results = 0;
  await fc.assert(
    fc.asyncProperty(
      asked,
      fc.oneof({ weight: 19, arbitrary: fc.constant("POST") }, fc.constant("GET")),
      async ([body, sent], verb) => {
        const call = { method: verb, path: "/mcp", headers: sent, body: JSON.parse(JSON.stringify(body)) as unknown };
        const reply = await callHandler(app.handle, call);
        statuses.set(reply.status, (statuses.get(reply.status) ?? 0) + 1);
        expect(reply.status).toBeLessThan(500);
        for (const told of await read(reply)) {
          expect(told).toMatchObject({ jsonrpc: "2.0" });
          const { id: answered, ...rest } = told as { readonly id?: unknown };
          // What has no id, or one that is none, is answered with an error that the schema does not know.
          const isAnswer = answered === undefined || typeof answered === "string" || Number.isSafeInteger(answered);
          if (isAnswer) expect([told, isSpecType.JSONRPCMessage(told)]).toEqual([told, true]);
          else expect(rest).toHaveProperty("error.code");
          if ("result" in rest) results += 1;
        }
      },
    ),
    { numRuns: cases },
  );
  // Neither all refused nor all accepted: both sides were reached.
  expect(results).toBeGreaterThan(cases / 20);
  expect(statuses.get(400)).toBeGreaterThan(cases / 50);
}, 120_000);

it("answers whatever comes over the wire, in body and headers, and goes on", async () => {
  const app = new AgentApp({
    query: answer,
    gateways: [mcpGateway()],
    authenticate: apiKeys({ key: { userId: "ada" } }),
    limits: { maxBodyBytes: 2_000 },
  });
  await using server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  const good = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "agent", arguments: { message: "hi" } },
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
      async (body, sent, authorization) => {
        const answered = await fetch(`${server.url}/mcp`, {
          method: "POST",
          body: typeof body === "string" ? body : Buffer.from(body),
          headers: { ...sent, authorization },
        });
        expect(answered.status).toBeLessThan(500);
        await answered.arrayBuffer();
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);
