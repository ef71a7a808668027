import { PassThrough } from "node:stream";
import { createInterface } from "node:readline";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import { callHandler } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { decodeSse, RuntimeError } from "@agentscope-runtime/protocol";
import type { SseMessage } from "@agentscope-runtime/protocol";
import { eventually } from "@agentscope-runtime/services/testing";
import { createToolbox, defineTool } from "@agentscope-runtime/tools";
import { isSpecType } from "@modelcontextprotocol/server";
import { z } from "zod";
import { mcpGateway, mcpServer } from "./index.ts";
import type { McpGatewayOptions } from "./index.ts";

interface Requirement {
  /** Below https://modelcontextprotocol.io/specification/. */
  readonly page: string;
  /** What it says there, where need be shortened. */
  readonly sentence: string;
}

const http2025 = "2025-11-25/basic/transports";
const http2026 = "2026-07-28/basic/transports/streamable-http";
const rounds = "2026-07-28/basic/patterns/mrtr";
const toolsPage = "2026-07-28/server/tools";

/** What the protocol asks of a server with tools, in both versions, each with a test of the same name below. */
const requirements = {
  "has one endpoint": {
    page: `${http2025}#streamable-http`,
    sentence: "The server MUST provide a single HTTP endpoint path that supports both POST and GET methods.",
  },
  "refuses origins that nobody has allowed": {
    page: `${http2026}#security-%26-endpoint`,
    sentence: "If the Origin header is present and invalid, servers MUST respond with HTTP 403 Forbidden.",
  },
  "refuses host names that are not its own": {
    page: `${http2025}#security-warning`,
    sentence: "Servers MUST validate … to prevent DNS rebinding attacks.",
  },
  "accepts notifications": {
    page: `${http2025}#sending-messages-to-the-server`,
    sentence: "If the server accepts the input, the server MUST return HTTP status code 202 Accepted with no body.",
  },
  "refuses responses to what nobody has asked": {
    page: `${http2025}#sending-messages-to-the-server`,
    sentence: "If the server cannot accept the input, it MUST return an HTTP error status code.",
  },
  "answers requests with a stream or JSON": {
    page: `${http2025}#sending-messages-to-the-server`,
    sentence: "The server MUST either return Content-Type: text/event-stream, or Content-Type: application/json.",
  },
  "primes its streams": {
    page: `${http2025}#sending-messages-to-the-server`,
    sentence: "The server SHOULD immediately send an SSE event consisting of an event ID and an empty data field.",
  },
  "ends a stream with the response": {
    page: `${http2025}#sending-messages-to-the-server`,
    sentence: "After the JSON-RPC response has been sent, the server SHOULD terminate the SSE stream.",
  },
  "does not take a lost connection for a cancel in 2025": {
    page: `${http2025}#sending-messages-to-the-server`,
    sentence: "Disconnection SHOULD NOT be interpreted as the client cancelling its request.",
  },
  "has no stream of its own": {
    page: `${http2025}#listening-for-messages-from-the-server`,
    sentence:
      "The server MUST either return Content-Type: text/event-stream, or else return HTTP 405 Method Not Allowed.",
  },
  "has ids for its events that are unique": {
    page: `${http2025}#resumability-and-redelivery`,
    sentence: "If present, the ID MUST be globally unique across all streams within that session.",
  },
  "replays nothing of other streams": {
    page: `${http2025}#resumability-and-redelivery`,
    sentence: "The server MUST NOT replay messages that would have been delivered on a different stream.",
  },
  "gives sessions ids": {
    page: `${http2025}#session-management`,
    sentence: "The session ID MUST only contain visible ASCII characters.",
  },
  "does not know sessions of others": {
    page: `${http2025}#session-management`,
    sentence: "It MUST respond to requests containing that session ID with HTTP 404 Not Found.",
  },
  "does not let clients end sessions": {
    page: `${http2025}#session-management`,
    sentence: "The server MAY respond to this request with HTTP 405 Method Not Allowed.",
  },
  "refuses versions that it does not know": {
    page: `${http2025}#protocol-version-header`,
    sentence:
      "If the server receives an invalid or unsupported MCP-Protocol-Version, it MUST respond with 400 Bad Request.",
  },
  "takes a client without a version for an old one": {
    page: `${http2025}#protocol-version-header`,
    sentence:
      "If the server does not receive an MCP-Protocol-Version header, it SHOULD assume protocol version 2025-03-26.",
  },
  "negotiates the version": {
    page: "2025-11-25/basic/lifecycle#version-negotiation",
    sentence: "If the server supports the requested protocol version, it MUST respond with the same version.",
  },
  "tells who it is and what it can": {
    page: "2025-11-25/basic/lifecycle#initialization",
    sentence: "The server MUST respond with its own capabilities and information.",
  },
  "says which versions of 2026 it has": {
    page: "2026-07-28/basic/versioning#protocol-version-negotiation",
    sentence:
      "It MUST respond with 400 Bad Request and an UnsupportedProtocolVersionError listing its supported versions.",
  },
  "compares headers with the body": {
    page: `${http2026}#request-metadata`,
    sentence: "If the values do not match, the server MUST reject the request with 400 Bad Request.",
  },
  "does not know methods that it has not": {
    page: `${http2026}#protocol-version-header`,
    sentence: "If the server does not implement the requested RPC method, it MUST respond with 404 Not Found.",
  },
  "stops a call of 2026 when its stream is closed": {
    page: `${http2026}#cancellation`,
    sentence: "Closing the SSE response stream MUST be treated by the server as cancellation of that request.",
  },
  "keeps proxies from buffering": {
    page: `${http2026}#receiving-messages`,
    sentence: "When initiating an SSE stream, servers SHOULD include the X-Accel-Buffering: no header.",
  },
  "asks in results and never on the stream in 2026": {
    page: `${http2026}#receiving-messages`,
    sentence: "The server MUST NOT send independent JSON-RPC requests on this stream.",
  },
  "says what kind a result is": {
    page: `${toolsPage}#calling-tools`,
    sentence: "resultType: complete.",
  },
  "rejects a state that it did not give": {
    page: `${rounds}#server-requirements-basic-workflow`,
    sentence: "Servers MUST reject state that fails verification.",
  },
  "rejects a state of another user, and of another tool": {
    page: `${rounds}#server-requirements-basic-workflow`,
    sentence: "Servers SHOULD include the authenticated principal and an identifier for the originating request.",
  },
  "asks again for what is missing": {
    page: `${rounds}#error-handling`,
    sentence: "The server SHOULD respond with a new InputRequiredResult requesting the missing information again.",
  },
  "asks only clients that can ask their users": {
    page: `${rounds}#server-requirements-basic-workflow`,
    sentence: "Servers MUST NOT send an inputRequests that the client has not declared support for.",
  },
  "declares its tools": {
    page: `${toolsPage}#capabilities`,
    sentence: "Servers that support tools MUST declare the tools capability.",
  },
  "lists its tools in the same order each time": {
    page: `${toolsPage}#capabilities`,
    sentence: "Servers SHOULD return tools in a deterministic order.",
  },
  "lists the tools of the caller": {
    page: `${toolsPage}#capabilities`,
    sentence: "The set MAY vary by the authorization presented on the request.",
  },
  "has names that clients take, each once": {
    page: `${toolsPage}#tool-names`,
    sentence: "Tool names SHOULD be between 1 and 128 characters; A-Z, a-z, 0-9, underscore, hyphen, and dot; unique.",
  },
  "refuses tools that there are not": {
    page: `${toolsPage}#error-handling`,
    sentence: "Protocol errors: standard JSON-RPC errors for issues like unknown tools.",
  },
  "tells the model of wrong arguments": {
    page: `${toolsPage}#error-handling`,
    sentence: "Tool execution errors: reported in tool results with isError: true; input validation errors.",
  },
  "tells the model of failures": {
    page: `${toolsPage}#error-handling`,
    sentence: "Tool execution errors contain actionable feedback that language models can use to self-correct.",
  },
  "tells nobody of bugs": {
    page: `${toolsPage}#security-considerations`,
    sentence: "Servers MUST sanitize tool outputs.",
  },
  "shows images, audio, files and links": {
    page: `${toolsPage}#tool-result`,
    sentence: "Unstructured content can contain multiple content items of different types.",
  },
  "says structured content as text too": {
    page: `${toolsPage}#structured-content`,
    sentence: "A tool that returns structured content SHOULD also return the serialized JSON in a TextContent block.",
  },
  "tells progress that grows, to those who ask": {
    page: "2025-11-25/basic/utilities/progress#progress-flow",
    sentence: "The progress value MUST increase with each notification, even if the total is unknown.",
  },
  "does not answer a call that was canceled": {
    page: "2025-11-25/basic/utilities/cancellation#behavior-requirements",
    sentence: "Receivers of cancellation notifications SHOULD not send a response for the cancelled request.",
  },
  "ignores a cancel of what it does not know": {
    page: "2025-11-25/basic/utilities/cancellation#behavior-requirements",
    sentence: "Receivers MAY ignore cancellation notifications if the referenced request is unknown.",
  },
  "asks users with a flat form": {
    page: "2025-11-25/client/elicitation#requested-schema",
    sentence: "Form mode elicitation schemas are limited to flat objects with primitive properties only.",
  },
  "takes anything but a plain yes for a no": {
    page: "2025-11-25/client/elicitation#response-actions",
    sentence: "Servers should handle each state appropriately: accept, decline, cancel.",
  },
  "asks who it is": {
    page: "2026-07-28/basic/authorization#token-handling",
    sentence: "Invalid or expired tokens MUST receive a HTTP 401 response.",
  },
  "says where a token is to be had": {
    page: "2026-07-28/basic/authorization#standards-compliance",
    sentence: "MCP servers MUST implement OAuth 2.0 Protected Resource Metadata (RFC9728).",
  },
  "says which scopes to ask for": {
    page: "2026-07-28/basic/authorization#scope-selection-strategy",
    sentence: "MCP servers SHOULD include a scope parameter in the WWW-Authenticate header.",
  },
  "keeps what is one user's from others": {
    page: "2025-11-25/basic/security_best_practices#session-hijacking",
    sentence: "MCP Servers MUST NOT use sessions for authentication.",
  },
  "writes nothing but messages to its standard output": {
    page: `${http2025}#stdio`,
    sentence: "The server MUST NOT write anything to its stdout that is not a valid MCP message.",
  },
  "reads messages line by line": {
    page: `${http2025}#stdio`,
    sentence: "Messages are delimited by newlines, and MUST NOT contain embedded newlines.",
  },
} satisfies Readonly<Record<string, Requirement>>;

const json = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const of2025 = { ...json, "mcp-protocol-version": "2025-11-25" };
const clientInfo = { name: "test", version: "1.0.0" };

/** The headers of a call of 2026. */
function of2026(name?: string, method = "tools/call"): Record<string, string> {
  const named = name === undefined ? {} : { "mcp-name": name };
  return { ...json, "mcp-protocol-version": "2026-07-28", "mcp-method": method, ...named };
}

function meta(capabilities: object = {}, more: object = {}): object {
  return {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": clientInfo,
    "io.modelcontextprotocol/clientCapabilities": capabilities,
    ...more,
  };
}

function request(method: string, params?: object, id: number | string = 1): object {
  return { jsonrpc: "2.0", id, method, ...(params && { params }) };
}

function call(name = "agent", params: object = {}): object {
  return request("tools/call", { name, arguments: { message: "hi" }, ...params });
}

const initialize = (capabilities: object = {}, protocolVersion = "2025-11-25"): object =>
  request("initialize", { protocolVersion, capabilities, clientInfo }, 0);

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: Record<string, unknown> };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** All that was said. Empty for a priming event. */
  readonly frames: readonly Pick<SseMessage, "id" | "data">[];
  readonly messages: readonly Message[];
}

interface Open extends AsyncDisposable {
  readonly url: string;
  readonly post: (body: object, headers?: Record<string, string>) => Promise<Answer>;
  readonly fetch: (init: RequestInit, path?: string) => Promise<Response>;
}

async function open(
  agent: QueryHandler | NonNullable<AgentAppOptions["agents"]> = () => "ok",
  gateway: McpGatewayOptions = {},
  options: Partial<AgentAppOptions> = {},
): Promise<Open> {
  const agents = typeof agent === "function" ? { agent } : agent;
  const app = new AgentApp({ agents, gateways: [mcpGateway(gateway)], ...options });
  const server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  const ask = async (init: RequestInit, path = "/mcp") => fetch(`${server.url}${path}`, init);
  return {
    url: server.url,
    fetch: ask,
    post: async (body, headers = of2025) => {
      const reply = await ask({ method: "POST", headers, body: JSON.stringify(body) });
      const text = await reply.text();
      const isStream = reply.headers.get("content-type")?.startsWith("text/event-stream") === true;
      const frames = isStream ? framesOf(text) : [{ id: "", data: text }];
      const messages = frames.filter(({ data }) => data !== "").map(({ data }) => JSON.parse(data) as Message);
      return { status: reply.status, headers: reply.headers, frames, messages };
    },
    [Symbol.asyncDispose]: async () => server[Symbol.asyncDispose](),
  };
}

function framesOf(text: string): { id: string; data: string }[] {
  const frames = text.split("\n\n").filter((frame) => frame !== "" && !frame.startsWith(":"));
  return frames.map((frame) => ({
    id: /^id: (.*)$/m.exec(frame)?.[1] ?? "",
    data: /^data: (.*)$/m.exec(frame)?.[1] ?? "",
  }));
}

/** Asks for approvals, and says what was decided. */
function asking(...ids: readonly string[]): QueryHandler {
  return ({ input }, { isApproved }): readonly AgentOutput[] => {
    if (input.some(({ type }) => type === "mcp_approval_response"))
      return [isApproved("pay", {}) ? "Paid." : "Not paid."];
    return ids.map((id) => ({ type: "approval.request", id, name: "pay", arguments: {} }));
  };
}

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

const add = defineTool({
  name: "add",
  description: "Adds.",
  input: z.object({ a: z.number(), b: z.number() }),
  readOnly: true,
  run: ({ a, b }) => ({ content: [{ type: "data", data: { sum: a + b } }], isError: false }),
});

const failing = defineTool({
  name: "fail",
  description: "Fails.",
  input: z.object({ known: z.boolean() }),
  run: ({ known }) => {
    throw known ? new RuntimeError("not_found", "There is no such file.") : new Error("password is hunter2");
  },
});

/** The first event of a stream that satisfies, after which the caller leaves. */
async function firstOf(reply: Response, isIt: (message: Message) => boolean): Promise<Message> {
  if (reply.body === null) throw new Error("There is no stream.");
  for await (const { data } of decodeSse(reply.body)) {
    const message = JSON.parse(data) as Message;
    if (isIt(message)) return message;
  }
  throw new Error("The stream has no such event.");
}

async function sessionWith(app: Open, capabilities: object = {}, more: Record<string, string> = {}) {
  const { headers } = await app.post(initialize(capabilities), { ...json, ...more });
  return { ...of2025, ...more, "mcp-session-id": headers.get("mcp-session-id") ?? "" };
}

const proofs: Readonly<Record<keyof typeof requirements, () => Promise<void>>> = {
  "has one endpoint": async () => {
    await using app = await open();
    for (const headers of [of2025, of2026("agent")]) {
      const params = headers === of2025 ? {} : { _meta: meta() };
      expect((await app.post(call("agent", params), headers)).messages.at(-1)).toMatchObject({
        id: 1,
        result: { content: [{ type: "text", text: "ok" }] },
      });
    }
    await using elsewhere = await open(() => "ok", { path: "/tools/mcp" });
    expect(
      (await elsewhere.fetch({ method: "POST", headers: of2025, body: JSON.stringify(call()) }, "/tools/mcp")).status,
    ).toBe(200);
  },
  "refuses origins that nobody has allowed": async () => {
    await using app = await open(() => "ok", { allowedOrigins: ["chat.example.com"] });
    const statusFor = async (origin: string) => (await app.post(call(), { ...of2025, origin })).status;
    expect(await statusFor("https://chat.example.com")).toBe(200);
    expect(await statusFor("http://localhost:3000")).toBe(200);
    for (const origin of ["https://evil.example", "null", "https://chat.example.com.evil.example"]) {
      expect(await statusFor(origin)).toBe(403);
    }
    const get = await app.fetch({ headers: { ...of2025, origin: "https://evil.example", "last-event-id": "x" } });
    expect(get.status).toBe(403);
  },
  "refuses host names that are not its own": async () => {
    await using open2 = await open(() => "ok", { allowedHosts: ["agents.example.com"] });
    expect((await open2.post(call())).status).toBe(403);
    await using own = await open(() => "ok", { allowedHosts: ["127.0.0.1"] });
    expect((await own.post(call())).status).toBe(200);
  },
  "accepts notifications": async () => {
    await using app = await open();
    const reply = await app.fetch({
      method: "POST",
      headers: of2025,
      body: JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }),
    });
    expect([reply.status, await reply.text()]).toEqual([202, ""]);
  },
  "refuses responses to what nobody has asked": async () => {
    await using app = await open();
    for (const id of ["run/a1", "x", 7]) {
      expect((await app.post({ jsonrpc: "2.0", id, result: { action: "accept" } })).status).toBe(400);
    }
  },
  "answers requests with a stream or JSON": async () => {
    await using app = await open();
    const types = new Set<string>();
    for (const body of [call(), request("tools/list"), request("ping"), call("none")]) {
      types.add((await app.post(body)).headers.get("content-type")?.split(";")[0] ?? "");
    }
    expect([...types].toSorted()).toEqual(["application/json", "text/event-stream"]);
  },
  "primes its streams": async () => {
    await using app = await open();
    const { frames } = await app.post(call());
    expect(frames[0]).toEqual({ id: expect.stringMatching(/^[\w-]+\.-1$/), data: "" });
  },
  "ends a stream with the response": async () => {
    await using app = await open();
    const { messages } = await app.post(call("agent", { _meta: { progressToken: 1 } }));
    expect(messages.map((message) => message.method ?? "response")).toEqual(["notifications/progress", "response"]);
  },
  "does not take a lost connection for a cancel in 2025": async () => {
    const gate = Promise.withResolvers<undefined>();
    await using app = await open(
      async function* () {
        yield "one ";
        await gate.promise;
        yield "two";
      },
      {},
      { onDisconnect: "continue" },
    );
    const leaving = new AbortController();
    const reply = await app.fetch({
      method: "POST",
      headers: of2025,
      body: JSON.stringify(call("agent", { _meta: { progressToken: 1 } })),
      signal: leaving.signal,
    });
    const runId = reply.headers.get("x-run-id") ?? "";
    await firstOf(reply, ({ method }) => method === "notifications/progress");
    leaving.abort();
    gate.resolve(undefined);
    const events = await app.fetch({}, `/runs/${runId}/events`);
    expect(await events.text()).toContain('"status":"completed"');
  },
  "has no stream of its own": async () => {
    await using app = await open();
    const reply = await app.fetch({ headers: { accept: "text/event-stream" } });
    expect([reply.status, reply.headers.get("allow")]).toEqual([405, "POST"]);
  },
  "has ids for its events that are unique": async () => {
    await using app = await open(() => ["a", "b", "c"]);
    const session = await sessionWith(app);
    const ids: string[] = [];
    for (let round = 1; round <= 3; round += 1) {
      const { frames } = await app.post(
        request("tools/call", { name: "agent", arguments: { message: "hi" }, _meta: { progressToken: round } }, round),
        session,
      );
      ids.push(...frames.map(({ id }) => id));
    }
    expect(ids).toHaveLength(15);
    expect(new Set(ids).size).toBe(ids.length);
  },
  "replays nothing of other streams": async () => {
    await using app = await open(({ input }) => {
      const [part] = input[0]?.content ?? [];
      return part?.type === "text" ? (part.text ?? "") : "";
    });
    const of = async (message: string, id: number) =>
      app.post(request("tools/call", { name: "agent", arguments: { message } }, id));
    const [one] = await Promise.all([of("one", 1), of("two", 2)]);
    const rest = await app.fetch({ headers: { ...of2025, "last-event-id": one.frames[0]?.id ?? "" } });
    const text = await rest.text();
    expect(text).toContain("one");
    expect(text).not.toContain("two");
  },
  "gives sessions ids": async () => {
    await using app = await open();
    const ids = await Promise.all(
      [{}, {}, { elicitation: {} }].map(
        async (capabilities) => (await sessionWith(app, capabilities))["mcp-session-id"],
      ),
    );
    for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{36,}$/);
    expect(new Set(ids).size).toBe(3);
  },
  "does not know sessions of others": async () => {
    await using app = await open();
    for (const id of ["mine", "0", `${crypto.randomUUID()}.more`]) {
      const { status, messages } = await app.post(call(), { ...of2025, "mcp-session-id": id });
      expect([status, messages[0]?.error?.message]).toEqual([404, "Session not found: initialize again."]);
    }
  },
  "does not let clients end sessions": async () => {
    await using app = await open();
    const session = await sessionWith(app);
    expect((await app.fetch({ method: "DELETE", headers: session })).status).toBe(405);
  },
  "refuses versions that it does not know": async () => {
    await using app = await open();
    expect((await app.post(call(), { ...json, "mcp-protocol-version": "1999-01-01" })).status).toBe(400);
  },
  "takes a client without a version for an old one": async () => {
    await using app = await open();
    const { status, frames } = await app.post(call(), json);
    expect([status, frames.some(({ data }) => data === "")]).toEqual([200, false]);
  },
  "negotiates the version": async () => {
    await using app = await open();
    const versions = ["2025-11-25", "2025-06-18", "2024-11-05", "1999-01-01"];
    const given = await Promise.all(
      versions.map(
        async (version) => (await app.post(initialize({}, version), json)).messages[0]?.result?.["protocolVersion"],
      ),
    );
    expect(given).toEqual(["2025-11-25", "2025-06-18", "2024-11-05", "2025-11-25"]);
  },
  "tells who it is and what it can": async () => {
    await using app = await open(() => "ok", { version: "1.2.3", instructions: "Be kind." }, { name: "helper" });
    const expected = {
      serverInfo: { name: "helper", version: "1.2.3" },
      instructions: "Be kind.",
      capabilities: { tools: {} },
    };
    expect((await app.post(initialize(), json)).messages[0]?.result).toMatchObject(expected);
    const discovered = await app.post(
      request("server/discover", { _meta: meta() }),
      of2026(undefined, "server/discover"),
    );
    expect(discovered.messages[0]?.result).toMatchObject({
      supportedVersions: ["2026-07-28"],
      capabilities: expected.capabilities,
      instructions: "Be kind.",
    });
  },
  "says which versions of 2026 it has": async () => {
    await using app = await open();
    const version = "2027-01-01";
    const { status, messages } = await app.post(
      call("agent", { _meta: { ...meta(), "io.modelcontextprotocol/protocolVersion": version } }),
      { ...of2026("agent"), "mcp-protocol-version": version },
    );
    expect(status).toBe(400);
    expect(messages[0]?.error?.data).toMatchObject({ supported: ["2026-07-28"] });
  },
  "compares headers with the body": async () => {
    const mirrored = { type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } } as const;
    const tool = defineTool({
      ...add,
      name: "query",
      input: z.looseObject({}),
      inputSchema: mirrored,
      run: () => "ok",
    });
    await using app = await open(() => "ok", { tools: createToolbox(tool) });
    const body = request("tools/call", { name: "query", arguments: { region: "eu" }, _meta: meta() });
    const statusFor = async (headers: object) => (await app.post(body, { ...of2026("query"), ...headers })).status;
    expect(await statusFor({ "mcp-param-region": "eu" })).toBe(200);
    expect(await statusFor({ "mcp-param-region": "us" })).toBe(400);
    expect(await statusFor({})).toBe(400);
    expect(await statusFor({ "mcp-param-region": "eu", "mcp-name": "other" })).toBe(400);
    expect(await statusFor({ "mcp-param-region": "eu", "mcp-method": "tools/list" })).toBe(400);
  },
  "does not know methods that it has not": async () => {
    await using app = await open();
    const method = "prompts/list";
    const { status, messages } = await app.post(request(method, { _meta: meta() }), of2026(undefined, method));
    expect([status, messages[0]?.error?.code]).toEqual([404, -32601]);
    expect((await app.post(request(method))).messages[0]?.error?.code).toBe(-32601);
  },
  "stops a call of 2026 when its stream is closed": async () => {
    const { query, stopped } = waiting();
    await using app = await open(query, {}, { onDisconnect: "continue" });
    const leaving = new AbortController();
    const reply = await app.fetch({
      method: "POST",
      headers: of2026("agent"),
      body: JSON.stringify(call("agent", { _meta: meta({}, { progressToken: 1 }) })),
      signal: leaving.signal,
    });
    await firstOf(reply, ({ method }) => method === "notifications/progress");
    leaving.abort();
    await expect(stopped).resolves.toBeUndefined();
  },
  "keeps proxies from buffering": async () => {
    await using app = await open();
    const params = { _meta: meta({}, { progressToken: 1 }) };
    for (const reply of [await app.post(call()), await app.post(call("agent", params), of2026("agent"))]) {
      expect(reply.headers.get("x-accel-buffering")).toBe("no");
      expect(reply.headers.get("cache-control")).toContain("no-cache");
    }
  },
  "asks in results and never on the stream in 2026": async () => {
    await using app = await open(asking("a1"));
    const params = { _meta: meta({ elicitation: {} }, { progressToken: 1 }) };
    const { messages } = await app.post(call("agent", params), of2026("agent"));
    expect(messages.filter(({ method }) => method !== undefined && method !== "notifications/progress")).toEqual([]);
    expect(messages.at(-1)?.result).toMatchObject({
      resultType: "input_required",
      inputRequests: { a1: { method: "elicitation/create" } },
      requestState: expect.any(String),
    });
  },
  "says what kind a result is": async () => {
    await using app = await open();
    const { messages } = await app.post(call("agent", { _meta: meta() }), of2026("agent"));
    expect(messages[0]?.result).toMatchObject({ resultType: "complete" });
  },
  "rejects a state that it did not give": async () => {
    await using app = await open(asking("a1"));
    const params = { _meta: meta({ elicitation: {} }), requestState: "response_made-up", inputResponses: {} };
    const { messages } = await app.post(call("agent", params), of2026("agent"));
    expect(messages[0]?.error).toMatchObject({ code: -32602, message: "Invalid or expired requestState" });
  },
  "rejects a state of another user, and of another tool": async () => {
    await using app = await open(
      { one: asking("a1"), two: asking("a1") },
      {},
      { authenticate: apiKeys({ ada: { userId: "ada" }, bob: { userId: "bob" } }) },
    );
    const say = async (user: string, name: string, params: object) =>
      (
        await app.post(call(name, { _meta: meta({ elicitation: {} }), ...params }), {
          ...of2026(name),
          authorization: `Bearer ${user}`,
        })
      ).messages[0];
    const state = (await say("ada", "one", {}))?.result?.["requestState"];
    const answered = { requestState: state, inputResponses: { a1: { action: "accept", content: { approve: true } } } };
    expect((await say("bob", "one", answered))?.error).toMatchObject({ code: -32602 });
    expect((await say("ada", "two", answered))?.error).toMatchObject({ code: -32602 });
    expect((await say("ada", "one", answered))?.result).toMatchObject({ content: [{ text: "Paid." }] });
  },
  "asks again for what is missing": async () => {
    await using app = await open(asking("a1", "a2"));
    const yes = { action: "accept", content: { approve: true } };
    const say = async (params: object) =>
      (await app.post(call("agent", { _meta: meta({ elicitation: {} }), ...params }), of2026("agent"))).messages[0]
        ?.result;
    const first = await say({});
    expect(Object.keys(first?.["inputRequests"] as object)).toEqual(["a1", "a2"]);
    const requestState = first?.["requestState"];
    const second = await say({ requestState, inputResponses: { a1: yes, other: yes } });
    expect(Object.keys(second?.["inputRequests"] as object)).toEqual(["a2"]);
    const third = await say({ requestState: second?.["requestState"], inputResponses: { a2: yes } });
    expect(third).toMatchObject({ content: [{ text: "Paid." }] });
  },
  "asks only clients that can ask their users": async () => {
    await using app = await open(asking("a1"));
    const error = {
      isError: true,
      content: [{ text: expect.stringContaining("pay({}), approval a1") }],
      structuredContent: { error: { code: "approval_required", details: { approvals: [{ id: "a1", name: "pay" }] } } },
    };
    for (const capabilities of [{}, { elicitation: { url: {} } }]) {
      const modern = await app.post(call("agent", { _meta: meta(capabilities) }), of2026("agent"));
      expect(modern.messages.at(-1)?.result).toMatchObject(error);
      const legacy = await app.post(call(), await sessionWith(app, capabilities));
      expect(legacy.messages.at(-1)?.result).toMatchObject(error);
    }
    expect((await app.post(call())).messages.at(-1)?.result).toMatchObject(error);
  },
  "declares its tools": async () => {
    await using app = await open();
    expect((await app.post(initialize(), json)).messages[0]?.result?.["capabilities"]).toEqual({
      tools: { listChanged: false },
    });
  },
  "lists its tools in the same order each time": async () => {
    await using app = await open(() => "ok", { tools: createToolbox(failing, add) });
    const list = async () =>
      (await app.post(request("tools/list"))).messages[0]?.result?.["tools"] as { name: string }[];
    const names = (await list()).map(({ name }) => name);
    expect(names).toEqual(["agent", "fail", "add"]);
    expect(await list()).toEqual(await list());
    const modern = await app.post(request("tools/list", { _meta: meta() }), of2026(undefined, "tools/list"));
    expect(((modern.messages[0]?.result?.["tools"] ?? []) as { name: string }[]).map(({ name }) => name)).toEqual(
      names,
    );
  },
  "lists the tools of the caller": async () => {
    const authenticate = apiKeys({ ada: { userId: "ada" }, bob: { userId: "bob" } });
    await using app = await open(
      () => "ok",
      { tools: ({ identity }) => (identity?.userId === "ada" ? [add] : []) },
      { authenticate },
    );
    const namesFor = async (user: string) => {
      const { messages } = await app.post(request("tools/list"), { ...of2025, authorization: `Bearer ${user}` });
      return ((messages[0]?.result?.["tools"] ?? []) as { name: string }[]).map(({ name }) => name);
    };
    expect(await namesFor("ada")).toEqual(["agent", "add"]);
    expect(await namesFor("bob")).toEqual(["agent"]);
    const bobs = await app.post(call("add", { arguments: { a: 1, b: 2 } }), { ...of2025, authorization: "Bearer bob" });
    expect(bobs.messages[0]?.error?.code).toBe(-32602);
  },
  "has names that clients take, each once": async () => {
    await using app = await open({ "two words": () => "ok" });
    const { messages } = await app.post(request("tools/list"));
    expect(messages[0]?.result?.["tools"]).toMatchObject([
      { name: "two_words", description: "Asks the agent two words." },
    ]);
    const twice = { agent: { name: "add" } };
    await expect(open(() => "ok", { agents: twice, tools: [add] })).rejects.toThrow(/Two MCP tools are named add/);
    await expect(open(() => "ok", { agents: { agent: { name: "ü" } } })).rejects.toThrow(/refused by clients/);
    await expect(open(() => "ok", { agents: { other: {} } })).rejects.toThrow(/has no agent other/);
  },
  "refuses tools that there are not": async () => {
    await using app = await open();
    const legacy = await app.post(call("none"));
    expect([legacy.status, legacy.messages[0]?.error]).toMatchObject([
      200,
      { code: -32602, message: "Unknown tool: none. There are: agent." },
    ]);
    const modern = await app.post(call("none", { _meta: meta() }), of2026("none"));
    expect(modern.messages[0]?.error).toMatchObject({ code: -32602 });
  },
  "tells the model of wrong arguments": async () => {
    await using app = await open(() => "ok", { tools: createToolbox(add) });
    for (const [name, given, field] of [
      ["agent", { message: 7 }, "message"],
      ["agent", { message: "hi", session_id: "../etc" }, "session_id"],
      ["agent", {}, "message"],
      ["add", { a: 1, b: "x" }, "b"],
    ] as const) {
      const legacy = await app.post(call(name, { arguments: given }));
      const modern = await app.post(call(name, { arguments: given, _meta: meta() }), of2026(name));
      for (const { messages } of [legacy, modern]) {
        expect(messages.at(-1)?.result).toMatchObject({
          isError: true,
          content: [{ text: expect.stringContaining(field) }],
        });
      }
    }
  },
  "tells the model of failures": async () => {
    const broken: QueryHandler = function* () {
      yield "Half. ";
      throw new RuntimeError("unavailable", "The model is down.");
    };
    await using app = await open(broken, { tools: createToolbox(failing) });
    expect((await app.post(call())).messages.at(-1)?.result).toMatchObject({
      isError: true,
      content: [{ text: "Half. " }, { text: "The model is down." }],
      structuredContent: { error: { code: "unavailable" } },
      _meta: { agentscope: { status: "failed" } },
    });
    expect((await app.post(call("fail", { arguments: { known: true } }))).messages.at(-1)?.result).toMatchObject({
      isError: true,
      content: [{ text: "There is no such file." }],
    });
  },
  "tells nobody of bugs": async () => {
    const buggy: QueryHandler = () => {
      throw new Error("password is hunter2");
    };
    await using app = await open(buggy, { tools: createToolbox(failing) });
    for (const name of ["agent", "fail"]) {
      const given = name === "fail" ? { arguments: { known: false } } : {};
      const legacy = await app.post(call(name, given));
      const modern = await app.post(call(name, { ...given, _meta: meta() }), of2026(name));
      for (const { messages } of [legacy, modern]) {
        expect(JSON.stringify(messages)).not.toContain("hunter2");
        expect(messages.at(-1)).toMatchObject(
          name === "agent" ? { result: { isError: true } } : { error: { code: -32603, message: "Internal error." } },
        );
      }
    }
  },
  "shows images, audio, files and links": async () => {
    await using app = await open((): readonly AgentOutput[] => [
      { type: "content", content: { type: "image", image_url: "data:image/png;base64,iVBORw0KGgo=" } },
      { type: "content", content: { type: "image", image_url: "https://example.com/a.png" } },
      { type: "content", content: { type: "audio", data: "UklGRg==", format: "mp3" } },
      { type: "content", content: { type: "file", file_data: "data:text/csv;base64,YSxi", filename: "a b.csv" } },
      { type: "content", content: { type: "file", file_url: "https://example.com/a.pdf", filename: "a.pdf" } },
      { type: "content", content: { type: "file", file_id: "f 1" } },
      { type: "content", content: { type: "video", video_url: "https://example.com/a.mp4" } },
    ]);
    expect((await app.post(call())).messages.at(-1)?.result?.["content"]).toEqual([
      { type: "image", mimeType: "image/png", data: "iVBORw0KGgo=" },
      { type: "resource_link", uri: "https://example.com/a.png", name: "image" },
      { type: "audio", mimeType: "audio/mp3", data: "UklGRg==" },
      { type: "resource", resource: { uri: "attachment:///a%20b.csv", mimeType: "text/csv", blob: "YSxi" } },
      { type: "resource_link", uri: "https://example.com/a.pdf", name: "a.pdf" },
      { type: "resource_link", uri: "urn:file:f%201", name: "file" },
      { type: "resource_link", uri: "https://example.com/a.mp4", name: "video" },
    ]);
  },
  "says structured content as text too": async () => {
    const data = { answer: 42 };
    await using app = await open(() => [{ type: "content", content: { type: "data", data } }], {
      tools: createToolbox(add),
    });
    expect((await app.post(call())).messages.at(-1)?.result).toMatchObject({
      content: [{ type: "text", text: '{"answer":42}' }],
      structuredContent: data,
    });
    expect((await app.post(call("add", { arguments: { a: 1, b: 2 } }))).messages.at(-1)?.result).toMatchObject({
      content: [{ type: "text", text: '{"sum":3}' }],
      structuredContent: { sum: 3 },
    });
  },
  "tells progress that grows, to those who ask": async () => {
    await using app = await open(() => ["a", { type: "reasoning.delta", delta: "hm" }, "b", "c"]);
    for (const progressToken of ["token", 7]) {
      const legacy = await app.post(call("agent", { _meta: { progressToken } }));
      const modern = await app.post(call("agent", { _meta: meta({}, { progressToken }) }), of2026("agent"));
      for (const { messages } of [legacy, modern]) {
        const notes = messages.filter(({ method }) => method === "notifications/progress");
        expect(notes.map(({ params }) => params?.["message"])).toEqual(["a", "hm", "b", "c"]);
        expect(notes.every(({ params }) => params?.["progressToken"] === progressToken)).toBe(true);
        const numbers = notes.map(({ params }) => Number(params?.["progress"]));
        expect(numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0))).toBe(true);
        expect(messages.at(-1)).toHaveProperty("result");
      }
    }
    expect((await app.post(call())).messages).toHaveLength(1);
  },
  "does not answer a call that was canceled": async () => {
    const { query, stopped } = waiting();
    await using app = await open(query);
    const session = await sessionWith(app);
    const answer = app.post(call("agent", { _meta: { progressToken: 1 } }), session);
    const runs = async () => ((await (await app.fetch({}, "/runs")).json()) as { data: unknown[] }).data.length;
    await eventually(async () => (await runs()) > 0 || undefined);
    const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } };
    const canceled = await app.fetch({ method: "POST", headers: session, body: JSON.stringify(cancel) });
    expect(canceled.status).toBe(202);
    await stopped;
    expect((await answer).messages.filter(({ method }) => method === undefined)).toEqual([]);
  },
  "ignores a cancel of what it does not know": async () => {
    const { query } = waiting();
    await using app = await open(query);
    const mine = await sessionWith(app);
    const theirs = await sessionWith(app);
    const leaving = new AbortController();
    const reply = await app.fetch({
      method: "POST",
      headers: mine,
      body: JSON.stringify(call("agent", { _meta: { progressToken: 1 } })),
      signal: leaving.signal,
    });
    // The same request id, of another session; and one that there is not.
    for (const [headers, requestId] of [
      [theirs, 1],
      [mine, 99],
    ] as const) {
      const cancel = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } };
      expect((await app.fetch({ method: "POST", headers, body: JSON.stringify(cancel) })).status).toBe(202);
    }
    const run = async () =>
      (await app.fetch({}, `/runs/${reply.headers.get("x-run-id")}`)).json() as Promise<{ status: string }>;
    expect(await run()).toMatchObject({ status: "in_progress" });
    leaving.abort();
  },
  "asks users with a flat form": async () => {
    await using app = await open(asking("a1"));
    const { messages } = await app.post(call("agent", { _meta: meta({ elicitation: {} }) }), of2026("agent"));
    const asked = messages[0]?.result?.["inputRequests"] as Record<string, object>;
    expect(isSpecType.ElicitRequest(asked["a1"])).toBe(true);
    expect(asked["a1"]).toMatchObject({
      params: {
        mode: "form",
        requestedSchema: { properties: { approve: { type: "boolean" }, reason: { type: "string" } } },
      },
    });
  },
  "takes anything but a plain yes for a no": async () => {
    await using app = await open(asking("a1"));
    const say = async (params: object) =>
      (await app.post(call("agent", { _meta: meta({ elicitation: {} }), ...params }), of2026("agent"))).messages[0]
        ?.result;
    const outcomeOf = async (response: object) => {
      const requestState = (await say({}))?.["requestState"];
      return (await say({ requestState, inputResponses: { a1: response } }))?.["content"];
    };
    expect(await outcomeOf({ action: "accept", content: { approve: true } })).toMatchObject([{ text: "Paid." }]);
    for (const no of [
      { action: "accept", content: { approve: false } },
      { action: "accept", content: {} },
      { action: "accept", content: { approve: "true" } },
      { action: "accept" },
      { action: "decline" },
      { action: "cancel" },
    ]) {
      expect(await outcomeOf(no)).toMatchObject([{ text: "Not paid." }]);
    }
  },
  "asks who it is": async () => {
    const authenticate = apiKeys({ key: { userId: "ada" } });
    await using app = await open((_request, { identity }) => identity.userId, {}, { authenticate });
    for (const authorization of ["", "Bearer wrong"]) {
      const { status, headers, messages } = await app.post(call(), { ...of2025, authorization });
      expect([status, headers.get("www-authenticate"), messages[0]?.error?.data]).toMatchObject([
        401,
        "Bearer",
        { code: "unauthenticated" },
      ]);
    }
    const mine = await app.post(call(), { ...of2025, authorization: "Bearer key" });
    expect(mine.messages.at(-1)?.result).toMatchObject({ content: [{ text: "ada" }] });
    const box = mcpServer({ name: "box", tools: createToolbox(add), authenticate });
    const nobody = { path: "/mcp", headers: of2025, body: call("add") };
    expect(await callHandler(box.handle, nobody)).toMatchObject({ status: 401 });
  },
  "says where a token is to be had": async () => {
    const resource = "https://agents.example.com/mcp";
    const authorization = { resource, authorizationServers: ["https://login.example.com"] };
    await using app = await open(() => "ok", { authorization }, { authenticate: apiKeys({ key: { userId: "ada" } }) });
    const { headers } = await app.post(call());
    const url = "https://agents.example.com/.well-known/oauth-protected-resource/mcp";
    expect(headers.get("www-authenticate")).toBe(`Bearer resource_metadata="${url}"`);
    for (const path of [new URL(url).pathname, "/.well-known/oauth-protected-resource"]) {
      const reply = await app.fetch({}, path);
      expect(await reply.json()).toEqual({
        resource,
        authorization_servers: ["https://login.example.com"],
        bearer_methods_supported: ["header"],
      });
    }
    const wrong = { ...authorization, resource: "agents" };
    await expect(open(() => "ok", { authorization: wrong })).rejects.toThrow(/authorization.resource/);
  },
  "says which scopes to ask for": async () => {
    const authorization = {
      resource: "https://a.example/mcp",
      authorizationServers: ["https://l.example"],
      scopes: ["run", "read"],
    };
    await using app = await open(() => "ok", { authorization }, { authenticate: apiKeys({ key: { userId: "ada" } }) });
    expect((await app.post(call())).headers.get("www-authenticate")).toContain('scope="run read"');
  },
  "keeps what is one user's from others": async () => {
    const authenticate = apiKeys({ ada: { userId: "ada" }, bob: { userId: "bob" } });
    await using app = await open(asking("a1"), {}, { authenticate });
    const ada = await sessionWith(app, { elicitation: {} }, { authorization: "Bearer ada" });
    const bob = { ...ada, authorization: "Bearer bob" }; // With Ada's session.
    const leaving = new AbortController();
    const reply = await app.fetch({
      method: "POST",
      headers: ada,
      body: JSON.stringify(call()),
      signal: leaving.signal,
    });
    const question = await firstOf(reply, ({ method }) => method === "elicitation/create");
    const answer = { jsonrpc: "2.0", id: question.id, result: { action: "accept", content: { approve: true } } };
    expect((await app.post(answer, bob)).status).toBe(400);
    leaving.abort();
    const { frames } = await app.post(call("agent"), { ...of2025, authorization: "Bearer ada" });
    const lastEventId = frames[0]?.id ?? "";
    expect((await app.fetch({ headers: { ...bob, "last-event-id": lastEventId } })).status).toBe(400);
    expect((await app.fetch({ headers: { ...ada, "last-event-id": lastEventId } })).status).toBe(200);
  },
  "writes nothing but messages to its standard output": async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const server = mcpServer({ name: "box", tools: createToolbox(add, failing) });
    await using client = server.openStdio({ input, output });
    const lines = createInterface({ input: output })[Symbol.asyncIterator]();
    for (const body of [initialize(), call("add", { arguments: { a: 1, b: 2 } }), call("none"), request("no/such")]) {
      input.write(`${JSON.stringify(body)}\n`);
      const { value } = (await lines.next()) as { value: string };
      expect(isSpecType.JSONRPCMessage(JSON.parse(value))).toBe(true);
    }
    input.end();
    await client.closed;
  },
  "reads messages line by line": async () => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    const gateway = mcpGateway();
    expect(() => gateway.openStdio()).toThrow(/Give the MCP gateway to an app/);
    const query: QueryHandler = ({ input: said }, { identity }) => {
      const [part] = said[0]?.content ?? [];
      return `${identity.userId}: ${part?.type === "text" ? part.text : ""}`;
    };
    await using app = new AgentApp({ query, gateways: [gateway] });
    await app.start();
    await using client = gateway.openStdio({ identity: { userId: "ada" }, input, output });
    expect(client.closed).toBeInstanceOf(Promise);
    const lines = createInterface({ input: output })[Symbol.asyncIterator]();
    const text = `${JSON.stringify(initialize())}\n${JSON.stringify(call("agent", { arguments: { message: "two\nlines" } }))}\n`;
    for (const piece of text.match(/[^]{1,7}/g) ?? []) input.write(piece);
    const answers = [await lines.next(), await lines.next()].map(({ value }) => JSON.parse(value as string) as Message);
    expect(answers.find(({ id }) => id === 1)?.result).toMatchObject({ content: [{ text: "ada: two\nlines" }] });
  },
};

describe("What MCP requires", () => {
  it("is tested to the last sentence", () => {
    expect(Object.keys(proofs).toSorted()).toEqual(Object.keys(requirements).toSorted());
    for (const { page, sentence } of Object.values(requirements)) expect([page, sentence]).not.toContain("");
  });

  it.each(Object.entries(proofs))("%s", async (_name, prove) => {
    expect.hasAssertions();
    await prove();
  });
});
