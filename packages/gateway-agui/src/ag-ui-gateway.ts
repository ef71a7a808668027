import { EventSchema, RunErrorEventSchema } from "@ag-ui/core/schemas";
import { runIdHeader } from "@agentscope-runtime/core";
import type { Gateway, GatewayHost, HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import { beginRun } from "./begin-run.ts";
import { connect } from "./connect.ts";
import { eventReply } from "./event-reply.ts";
import { followRun } from "./follow-run.ts";
import { Narration } from "./narration.ts";
import { parseRunInput, runInputSchema } from "./run-input.ts";
import { threadOf } from "./thread.ts";
import { toErrorReply } from "./to-error-reply.ts";

export interface AgUiGatewayOptions {
  /** Where clients post. Default "/ag-ui". */
  readonly path?: string;
}

/**
 * AG-UI 1.0 at the door: `POST /ag-ui` runs the app's first agent, `POST /agents/:agent/ag-ui` any, and
 * `POST /ag-ui/connect` brings a client up to date with its thread.
 *
 * @example
 * ```ts
 * const app = new AgentApp({ query, gateways: [agUiGateway()] });
 * ```
 */
export function agUiGateway({ path = "/ag-ui" }: AgUiGatewayOptions = {}): Gateway {
  return { name: "ag-ui", routes: (host) => routesOf(host, path) };
}

function routesOf({ runs, maxBodyBytes }: GatewayHost, path: string): readonly Route[] {
  const doc = { tag: "ag-ui", body: runInputSchema, events: EventSchema, error: RunErrorEventSchema };
  return [
    {
      method: "POST",
      path,
      doc: { ...doc, summary: "Run the agent and stream AG-UI's events." },
      handle: (request) => run(request, undefined),
      errorReply: toErrorReply,
    },
    {
      method: "POST",
      path: `/agents/:agent${path}`,
      doc: { ...doc, summary: "The same for one of several agents, by its name." },
      handle: (request) => run(request, request.params["agent"]),
      errorReply: toErrorReply,
    },
    {
      method: "POST",
      path: `${path}/connect`,
      doc: { ...doc, summary: "The messages of a thread as a snapshot, and what is under way, to its end." },
      handle: join,
      errorReply: toErrorReply,
    },
  ];

  async function run(request: RouteRequest, agent: string | undefined): Promise<HttpReply> {
    const { http, identity } = request;
    const input = parseRunInput(await http.readJson(maxBodyBytes));
    const thread = threadOf(input, identity);
    const key = await beginRun(input, { runs, agent, thread, request });
    const { threadId, runId, parentRunId, messages: before } = input;
    const narration = new Narration({ threadId, runId, parentRunId, before });
    const events = followRun({ runs, key, narration, before, signal: http.signal });
    return eventReply(events, { accept: http.headers["accept"], headers: runIdHeader(key.runId) });
  }

  async function join({ http, identity }: RouteRequest): Promise<HttpReply> {
    const input = parseRunInput(await http.readJson(maxBodyBytes));
    const events = await connect(input, { runs, thread: threadOf(input, identity), signal: http.signal });
    return eventReply(events, { accept: http.headers["accept"] });
  }
}
