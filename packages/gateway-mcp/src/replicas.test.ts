import { AgentApp } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { decodeSse } from "@agentscope-runtime/protocol";
import {
  InProcessLeases,
  InProcessRunLog,
  InProcessSessionHistory,
  InProcessState,
  InProcessTopic,
} from "@agentscope-runtime/services";
import { createToolbox, defineTool } from "@agentscope-runtime/tools";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as ClientOf2025 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportOf2025 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { mcpGateway } from "./index.ts";
import type { McpGatewayOptions } from "./index.ts";

type Elicited = { action: "accept"; content: { approve: boolean } };

const info = { name: "test", version: "1.0.0" };

interface Pair extends AsyncDisposable {
  readonly urls: readonly [URL, URL];
  /** Sends each request to the other replica than the one before. */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  /** What was sent, and to which replica. */
  readonly sent: readonly { readonly replica: 0 | 1; readonly body: string }[];
}

/** Two replicas on one store, behind a balancer that sends every request to the next. */
async function openPair(
  query: QueryHandler,
  options: Partial<AgentAppOptions> = {},
  gateway: McpGatewayOptions = {},
): Promise<Pair> {
  const resources = {
    runLog: new InProcessRunLog(),
    topic: new InProcessTopic(),
    leases: new InProcessLeases(),
    state: new InProcessState(),
    sessions: new InProcessSessionHistory(),
  };
  const open = async () => {
    const app = new AgentApp({ query, gateways: [mcpGateway(gateway)], services: resources, ...options });
    return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  };
  const servers = [await open(), await open()] as const;
  const urls = [new URL("/mcp", servers[0].url), new URL("/mcp", servers[1].url)] as const;
  const sent: { replica: 0 | 1; body: string }[] = [];
  return {
    urls,
    sent,
    fetch: async (_url, init) => {
      const replica = sent.length % 2 === 0 ? 0 : 1;
      sent.push({ replica, body: typeof init?.body === "string" ? init.body : "" });
      return fetch(urls[replica], init);
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map(async (server) => server[Symbol.asyncDispose]()));
      await Promise.all(Object.values(resources).map(async (resource) => resource[Symbol.asyncDispose]()));
    },
  };
}

async function connectOf2025(pair: Pair, elicit?: (message: string) => Elicited) {
  const client = new ClientOf2025(info, { capabilities: elicit === undefined ? {} : { elicitation: {} } });
  if (elicit !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => elicit(params.message));
  }
  await client.connect(new TransportOf2025(pair.urls[0], { fetch: pair.fetch }));
  return client;
}

const message = { name: "agent", arguments: { message: "hi" } };

/** Where a message was sent, by a word in it. */
function replicaOf(pair: Pair, word: string): 0 | 1 | undefined {
  return pair.sent.find(({ body }) => body.includes(word))?.replica;
}

/** Says a word, and then waits until it is stopped. */
function waiting() {
  const stopped = Promise.withResolvers<undefined>();
  const query: QueryHandler = async function* (_request, { signal }) {
    yield "waiting";
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve);
    });
    stopped.resolve(undefined);
  };
  return { query, stopped: stopped.promise };
}

/** Asks for an approval, and does it when it has one. */
const paying: QueryHandler = async function* ({ input }, { isApproved }) {
  yield "Well. ";
  if (input.some(({ type }) => type === "mcp_approval_response")) yield isApproved("pay", {}) ? "Paid." : "Not paid.";
  else yield { type: "approval.request", id: "a1", name: "pay", arguments: {} };
};

it("serves a client of 2025 whose every request goes to another replica", async () => {
  await using pair = await openPair(() => ["Hel", "lo"]);
  const client = await connectOf2025(pair);
  for (let round = 0; round < 4; round += 1) {
    expect((await client.listTools()).tools).toHaveLength(1);
    expect(await client.callTool(message)).toMatchObject({ content: [{ type: "text", text: "Hello" }] });
  }
  expect(new Set(pair.sent.map(({ replica }) => replica))).toEqual(new Set([0, 1]));
  await client.close();
});

it("serves a client of 2026 whose every request goes to another replica", async () => {
  await using pair = await openPair(() => ["Hel", "lo"]);
  const client = new Client(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  await client.connect(new StreamableHTTPClientTransport(pair.urls[0], { fetch: pair.fetch }));
  for (let round = 0; round < 4; round += 1) {
    expect((await client.listTools()).tools).toHaveLength(1);
    expect(await client.callTool(message)).toMatchObject({ content: [{ type: "text", text: "Hello" }] });
  }
  await client.close();
});

it("stops a run whose cancel arrives at another replica", async () => {
  const { query, stopped } = waiting();
  await using pair = await openPair(query, { onDisconnect: "continue" });
  const client = await connectOf2025(pair);
  const stop = new AbortController();
  const onprogress = (): void => {
    stop.abort();
  };
  await expect(client.callTool(message, undefined, { signal: stop.signal, onprogress })).rejects.toThrow(/abort/i);
  await stopped;
  expect(replicaOf(pair, "notifications/cancelled")).not.toBe(replicaOf(pair, "tools/call"));
  await client.close();
});

it("stops a tool whose cancel arrives at another replica", async () => {
  const stopped = Promise.withResolvers<undefined>();
  const wait = defineTool({
    name: "wait",
    description: "Waits.",
    input: z.object({}),
    run: async (_input, { signal, onUpdate }) => {
      onUpdate?.({ content: [{ type: "text", text: "waiting" }], isError: false });
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      stopped.resolve(undefined);
      throw signal?.reason;
    },
  });
  await using pair = await openPair(() => "", {}, { tools: createToolbox(wait) });
  const client = await connectOf2025(pair);
  const stop = new AbortController();
  const onprogress = (): void => {
    stop.abort();
  };
  const call = client.callTool({ name: "wait" }, undefined, { signal: stop.signal, onprogress });
  await expect(call).rejects.toThrow(/abort/i);
  await stopped.promise;
  expect(replicaOf(pair, "notifications/cancelled")).not.toBe(replicaOf(pair, "tools/call"));
  await client.close();
});

it("goes on with the answer of a user that arrives at another replica", async () => {
  await using pair = await openPair(paying);
  const asked: string[] = [];
  const client = await connectOf2025(pair, (question) => {
    asked.push(question);
    return { action: "accept", content: { approve: true } };
  });
  const told: string[] = [];
  const progress: number[] = [];
  const result = await client.callTool(message, undefined, {
    onprogress: (note) => {
      told.push(note.message ?? "");
      progress.push(note.progress);
    },
  });
  expect(result).toMatchObject({ content: [{ text: "Well. Paid." }] });
  expect(asked).toEqual(["The agent wants to call pay with {}. Allow it?"]);
  expect(told.join("")).toBe("Well. Well. Paid.");
  expect(progress).toEqual(progress.toSorted((one, other) => one - other));
  expect(new Set(progress).size).toBe(progress.length);
  expect(replicaOf(pair, '"approve":true')).not.toBe(replicaOf(pair, "tools/call"));
  await client.close();
});

it("goes on with an answer that is given at another door, of another replica", async () => {
  await using pair = await openPair(paying);
  const asked = Promise.withResolvers<undefined>();
  const client = new ClientOf2025(info, { capabilities: { elicitation: {} } });
  client.setRequestHandler(ElicitRequestSchema, async () => {
    asked.resolve(undefined);
    return new Promise(() => undefined); // The user never comes back.
  });
  await client.connect(new TransportOf2025(pair.urls[0], { fetch: pair.fetch }));
  const call = client.callTool(message);
  await asked.promise;
  const [run] = ((await (await fetch(new URL("/runs", pair.urls[1]))).json()) as { data: { id: string }[] }).data;
  const decided = await fetch(new URL(`/runs/${run?.id}/approvals/a1`, pair.urls[1]), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"approve":false,"stream":false}',
  });
  expect(decided.status).toBe(200);
  expect(await call).toMatchObject({ content: [{ text: "Well. Not paid." }] });
  await client.close();
});

it("asks again and again in the protocol of 2026, at whichever replica", async () => {
  await using pair = await openPair(({ input }) => {
    const [part] = input.find(({ type }) => type === "mcp_approval_response")?.content ?? [];
    const last = part?.type === "data" ? String(part.data?.["approval_request_id"]) : "";
    if (last === "b") return "Done.";
    return [{ type: "approval.request", id: last === "a" ? "b" : "a", name: "go", arguments: { at: 1 } }];
  });
  const client = new Client(info, {
    versionNegotiation: { mode: { pin: "2026-07-28" } },
    capabilities: { elicitation: {} },
  });
  let asked = 0;
  client.setRequestHandler("elicitation/create", () => {
    asked += 1;
    return { action: "accept", content: { approve: true } };
  });
  await client.connect(new StreamableHTTPClientTransport(pair.urls[0], { fetch: pair.fetch }));
  expect(await client.callTool(message)).toMatchObject({ content: [{ text: "Done." }] });
  expect(asked).toBe(2);
  const calls = pair.sent.filter(({ body }) => body.includes("tools/call")).map(({ replica }) => replica);
  expect(new Set(calls)).toEqual(new Set([0, 1]));
  await client.close();
});

describe("a stream that was lost", () => {
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": "2025-11-25",
  };
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: "q",
    method: "tools/call",
    params: { ...message, _meta: { progressToken: "p" } },
  });

  it("is resumed after any of its events, at any replica, exactly", async () => {
    await using pair = await openPair(() => ["a", "b", "c"]);
    const first = await fetch(pair.urls[0], { method: "POST", headers, body });
    const text = await first.text();
    const [primed, ...events] = text
      .trimEnd()
      .split("\n\n")
      .map((frame) => {
        const [, id = "", data = ""] = /^id: (.*)\ndata: (.*)$/.exec(frame) ?? [];
        return { id, data };
      });
    const whole = [primed ?? { id: "", data: "" }, ...events];
    expect(whole.map(({ data }) => (data === "" ? "primed" : (JSON.parse(data) as unknown)))).toMatchObject([
      "primed",
      { params: { message: "a", progressToken: "p" } },
      { params: { message: "b" } },
      { params: { message: "c" } },
      { id: "q", result: { content: [{ text: "abc" }] } },
    ]);
    for (const [index, { id }] of whole.entries()) {
      const rest = await fetch(pair.urls[1], { headers: { ...headers, "last-event-id": id } });
      expect(rest.status).toBe(200);
      if (rest.body === null) throw new Error("There is no stream.");
      const told = (await Array.fromAsync(decodeSse(rest.body))).map((event) => ({ id: event.id, data: event.data }));
      expect(told).toEqual(whole.slice(Math.min(index + 1, whole.length - 1)));
    }
  });

  it("is resumed by a client on its own, while the agent goes on", async () => {
    const gate = Promise.withResolvers<undefined>();
    await using pair = await openPair(
      async function* () {
        yield "one ";
        await gate.promise;
        yield "two";
      },
      { onDisconnect: "continue" },
    );
    const cut = new AbortController();
    const client = new ClientOf2025(info);
    const transport = new TransportOf2025(pair.urls[0], {
      // The call's own connection can be cut.
      fetch: async (url, init) =>
        typeof init?.body === "string" && init.body.includes("tools/call")
          ? pair.fetch(url, { ...init, signal: cut.signal })
          : pair.fetch(url, init),
      reconnectionOptions: {
        initialReconnectionDelay: 10,
        maxReconnectionDelay: 10,
        reconnectionDelayGrowFactor: 1,
        maxRetries: 5,
      },
    });
    await client.connect(transport);
    const told: string[] = [];
    const result = await client.callTool(message, undefined, {
      onprogress: (note) => {
        told.push(note.message ?? "");
        if (told.length > 1) return;
        cut.abort();
        gate.resolve(undefined);
      },
    });
    expect(result).toMatchObject({ content: [{ text: "one two" }] });
    expect(told).toEqual(["one ", "two"]);
    await client.close();
  });

  it("asks again what was not answered when it is resumed", async () => {
    await using pair = await openPair(paying);
    const initialize = await fetch(pair.urls[0], {
      method: "POST",
      headers,
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 0,
        method: "initialize",
        params: { protocolVersion: "2025-11-25", capabilities: { elicitation: {} }, clientInfo: info },
      }),
    });
    const session = { ...headers, "mcp-session-id": initialize.headers.get("mcp-session-id") ?? "" };
    const leaving = new AbortController();
    const first = await fetch(pair.urls[0], { method: "POST", headers: session, body, signal: leaving.signal });
    if (first.body === null) throw new Error("There is no stream.");
    let lastEventId = "";
    for await (const event of decodeSse(first.body)) {
      if (event.data.includes("elicitation/create")) break;
      lastEventId = event.id;
    }
    leaving.abort();
    const rest = await fetch(pair.urls[1], { headers: { ...session, "last-event-id": lastEventId } });
    if (rest.body === null) throw new Error("There is no stream.");
    const told: { id?: string; method?: string; result?: unknown }[] = [];
    for await (const { data } of decodeSse(rest.body)) {
      const event = JSON.parse(data) as (typeof told)[number];
      told.push(event);
      if (event.method !== "elicitation/create") continue;
      const answer = { jsonrpc: "2.0", id: event.id, result: { action: "accept", content: { approve: true } } };
      const accepted = await fetch(pair.urls[0], { method: "POST", headers: session, body: JSON.stringify(answer) });
      expect(accepted.status).toBe(202);
    }
    expect(told.at(-1)).toMatchObject({ id: "q", result: { content: [{ text: "Well. Paid." }] } });
  });
});
