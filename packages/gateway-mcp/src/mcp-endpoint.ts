import { runIdHeader } from "@agentscope-runtime/core";
import type { HttpReply, HttpRequest, Identity, RouteRequest } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunKey, Topic } from "@agentscope-runtime/services";
import {
  createMcpHandler,
  isInitializeRequest,
  isJsonContentType,
  isJSONRPCErrorResponse,
  isJSONRPCNotification,
  isJSONRPCResultResponse,
  isLegacyRequest,
  isSpecType,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/server";
import type { CallToolRequest, JSONRPCRequest, RequestId } from "@modelcontextprotocol/server";
import { agentStream } from "./agent-stream.ts";
import { toAgentRequest } from "./agent-tool.ts";
import { Backlog } from "./backlog.ts";
import { ownerIdOf } from "./caller.ts";
import type { McpCaller } from "./caller.ts";
import type { AgentEntry, CatalogEntry } from "./catalog.ts";
import { createServer } from "./create-server.ts";
import type { Exchange, ServerOptions } from "./create-server.ts";
import { canElicit, toDecision } from "./elicitation.ts";
import { parseEventId } from "./event-id.ts";
import { isObject } from "./is-object.ts";
import { OpenCalls } from "./open-calls.ts";
import { assertOrigin } from "./origin-guard.ts";
import type { OriginGuardOptions } from "./origin-guard.ts";
import { invalidRequestReply, toAnswer, toErrorReply, toUnreadableReply } from "./rpc-error.ts";
import { newSessionId, parseSessionId } from "./session-id.ts";
import type { McpSession } from "./session-id.ts";
import { toFailure } from "./tool-failure.ts";
import { toolStream } from "./tool-stream.ts";
import { toReply, toWebRequest } from "./web-request.ts";

export interface McpEndpointOptions extends ServerOptions {
  readonly topic: Topic;
  readonly origins: OriginGuardOptions;
  readonly maxBodyBytes: number;
}

export interface McpEndpoint {
  readonly post: (request: RouteRequest) => Promise<HttpReply>;
  readonly get: (request: RouteRequest) => Promise<HttpReply>;
}

/** A call in the protocol of 2025. */
interface LegacyCall {
  readonly id: RequestId;
  readonly params: CallToolRequest["params"];
  readonly session: McpSession | undefined;
  readonly caller: McpCaller;
  readonly http: HttpRequest;
}

/** From this version on clients take events without data. */
const primedSince = "2025-11-25";

/**
 * MCP over HTTP, both protocol versions on one path. The library answers requests of 2026 and what there is of 2025 beside calls;
 * calls of 2025 are streamed from here, with ids by which any replica can tell the rest.
 */
export function createEndpoint(options: McpEndpointOptions): McpEndpoint {
  const { runs, topic, catalog, origins, maxBodyBytes } = options;
  const calls = new OpenCalls(topic);
  const library = createMcpHandler(async ({ authInfo }) => createServer(options, exchangeOf(authInfo?.extra)));

  return {
    post: async (request) => {
      const { http } = request;
      assertOrigin(http, origins);
      if (!isJsonContentType(http.headers["content-type"])) {
        return invalidRequestReply(415, "Unsupported Media Type: send content-type: application/json.");
      }
      let body: unknown;
      try {
        body = await http.readJson(maxBodyBytes);
      } catch (thrown) {
        return toUnreadableReply(RuntimeError.from(thrown));
      }
      if (body === undefined) return toUnreadableReply(new RuntimeError("invalid_argument", "The body is empty."));
      return answer(request, body);
    },

    get: async ({ http, identity }) => {
      assertOrigin(http, origins);
      const lastEventId = http.headers["last-event-id"];
      // There is nothing to say but answers: a client that has lost none needs no stream.
      if (lastEventId === undefined || runs === undefined)
        return { ...invalidRequestReply(405, "Method not allowed."), headers: { allow: "POST" } };
      const session = sessionOf(http);
      if (session === "unknown") return unknownSession();
      const { place, after } = parseEventId(lastEventId);
      const ownerId = ownerIdOf({ identity });
      await assertShown({ ownerId, runId: place.runId }, identity);
      const stream = agentStream({ runs, calls, ownerId, place, after, session, reader: http.signal, primed: true });
      return { status: 200, headers: runIdHeader(place.runId), body: { sse: stream } };
    },
  };

  async function assertShown(key: RunKey, identity: Identity | undefined): Promise<void> {
    if (runs === undefined) throw notHere();
    const { agent } = await runs.get(key).catch((thrown: unknown) => {
      throw RuntimeError.is(thrown) && thrown.code === "not_found" ? notHere(thrown) : thrown;
    });
    const shown = await catalog.list(identity);
    if (!shown.some((entry) => entry.kind === "agent" && entry.agent === agent)) throw notHere();
  }

  async function answer({ http, identity }: RouteRequest, body: unknown): Promise<HttpReply> {
    const caller = { identity, reader: http.signal, traceparent: http.headers["traceparent"] };
    const request = toWebRequest(http);
    if (!(await isLegacyRequest(request, body))) {
      // A request of 2026 is over when its client hangs up, whatever the app does otherwise: the run is stopped by its signal.
      return toLibrary(request, body, { ...caller, reader: undefined });
    }
    const session = sessionOf(http);
    if (session === "unknown" && !isInitializeRequest(body)) return unknownSession();
    const known = session === "unknown" ? undefined : session;
    const call = isCall(body, http)
      ? await callLegacy({ id: body.id, params: body.params, session: known, caller, http })
      : undefined;
    if (call !== undefined) return call;
    if (isJSONRPCNotification(body) && body.method === "notifications/cancelled")
      await cancel(body.params, known, caller);
    if (isJSONRPCResultResponse(body)) return decide(body.id, body.result, caller);
    if (isJSONRPCErrorResponse(body))
      return body.id === undefined ? { status: 202 } : decide(body.id, undefined, caller);
    const reply = await toLibrary(request, body, caller);
    if (!isInitializeRequest(body) || reply.status !== 200) return reply;
    return {
      ...reply,
      headers: { ...reply.headers, "mcp-session-id": newSessionId(canElicit(body.params.capabilities)) },
    };
  }

  async function toLibrary(request: Request, parsedBody: unknown, caller: McpCaller): Promise<HttpReply> {
    const backlog = new Backlog();
    const exchange: Exchange = { caller, written: async (signal) => backlog.written(signal) };
    const authInfo = { token: "", clientId: ownerIdOf(caller), scopes: [], extra: { exchange } };
    return toReply(await library.fetch(request, { authInfo, parsedBody }), backlog);
  }

  /** Undefined for a tool that there is not: the library says so. */
  async function callLegacy(call: LegacyCall): Promise<HttpReply> {
    const { id, params, caller } = call;
    try {
      const entry = await catalog.find(params.name, caller.identity);
      return entry.kind === "agent" ? await callAgent(entry, call) : callTool(entry, call);
    } catch (thrown) {
      const failure = toFailure(thrown);
      if (failure === undefined) return toAnswer(thrown, id);
      return { status: 200, body: { json: { jsonrpc: "2.0", id, result: failure } } };
    }
  }

  async function callAgent({ agent, takesMessage, definition }: AgentEntry, call: LegacyCall): Promise<HttpReply> {
    const { id, params, session, caller, http } = call;
    if (runs === undefined) throw new TypeError("There are agents and no runs.");
    const request = toAgentRequest(params.arguments, { tool: definition.name, takesMessage });
    const { ownerId, runId } = await runs.start({ agent, request, ...caller });
    const place = { requestId: id, progressToken: progressTokenOf(params) ?? null, runId, before: 0 };
    const primed = (http.headers["mcp-protocol-version"] ?? "") >= primedSince;
    const stream = agentStream({ runs, calls, ownerId, place, session, reader: http.signal, primed });
    return { status: 200, headers: runIdHeader(runId), body: { sse: stream } };
  }

  function callTool(
    { tool }: Extract<CatalogEntry, { kind: "tool" }>,
    { id, params, session, caller, http }: LegacyCall,
  ): HttpReply {
    const open = session && calls.open({ ownerId: ownerIdOf(caller), session: session.id, requestId: id });
    const stream = toolStream({
      tool,
      arguments: params.arguments,
      requestId: id,
      progressToken: progressTokenOf(params),
      signal: open === undefined ? http.signal : AbortSignal.any([http.signal, open.signal]),
      onOver: () => open?.close(),
    });
    return { status: 200, body: { sse: stream } };
  }

  async function cancel(params: unknown, session: McpSession | undefined, caller: McpCaller): Promise<void> {
    const requestId = isObject(params) ? params["requestId"] : undefined;
    if (session === undefined || (typeof requestId !== "string" && typeof requestId !== "number")) return;
    await calls.cancel({ ownerId: ownerIdOf(caller), session: session.id, requestId });
  }

  /** A user's answer to a question of a run. The call that waits for it may be on another replica. */
  async function decide(id: RequestId, result: unknown, caller: McpCaller): Promise<HttpReply> {
    const [, runId, approval] = /^([^/]+)\/(.+)$/s.exec(String(id)) ?? [];
    if (runs === undefined || runId === undefined || approval === undefined) throw notAsked();
    const { reader: _, ...decider } = caller; // It waits for nothing.
    try {
      await runs.decide({ ownerId: ownerIdOf(caller), runId }, { id: approval, ...toDecision(result) }, decider);
    } catch (thrown) {
      throw RuntimeError.is(thrown) && thrown.code === "not_found" ? notAsked() : thrown;
    }
    return { status: 202 };
  }
}

/** A call that is in order but for its arguments; what is not, the library refuses. */
function isCall(body: unknown, { headers }: HttpRequest): body is JSONRPCRequest & CallToolRequest {
  const { accept = "", "mcp-protocol-version": version } = headers;
  if (!accept.includes("application/json") || !accept.includes("text/event-stream")) return false;
  if (version !== undefined && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)) return false;
  if (!isObject(body) || body["method"] !== "tools/call") return false;
  return isSpecType.JSONRPCRequest(body) && isSpecType.CallToolRequest(body);
}

function progressTokenOf({ _meta: meta }: CallToolRequest["params"]): RequestId | undefined {
  return meta?.progressToken;
}

function sessionOf({ headers }: HttpRequest): McpSession | "unknown" | undefined {
  const id = headers["mcp-session-id"];
  return id === undefined ? undefined : (parseSessionId(id) ?? "unknown");
}

function notAsked(): RuntimeError {
  return new RuntimeError("invalid_argument", "Nobody has asked this: the response's id is that of no question.");
}

function unknownSession(): HttpReply {
  return toErrorReply(new RuntimeError("not_found", "Session not found: initialize again."));
}

/** Not as `not_found`: a client would take that for the end of its session. */
function notHere(cause?: unknown): RuntimeError {
  const message = "There is nothing to resume: the run of this Last-Event-ID is not here, or not yours.";
  return new RuntimeError("invalid_argument", message, { cause, details: { field: "last-event-id" } });
}

/** What `toLibrary` gave. */
function exchangeOf(extra: Readonly<Record<string, unknown>> | undefined): Exchange {
  return extra?.["exchange"] as Exchange;
}
