import { agentEventSchema, agentRequestSchema, parse } from "@agentscope-runtime/protocol";
import type { HttpReply } from "./http.ts";
import type { Route, RouteRequest } from "./route.ts";
import { lastEntry } from "./run-door.ts";
import type { RunDoor } from "./run-door.ts";
import { runIdHeader } from "./run-id-header.ts";
import { runFrames } from "./sse-frames.ts";

/** `POST /process` for the app's first agent, `POST /agents/:agent/process` for any. */
export function processRoutes(runs: RunDoor, maxBodyBytes: number): readonly Route[] {
  const doc = {
    tag: "runs",
    body: agentRequestSchema,
    events: agentEventSchema,
  };
  return [
    {
      method: "POST",
      path: "/process",
      doc: { ...doc, summary: "Run the agent and stream its events; with `stream: false`, answer one response." },
      handle: (request) => run(request, undefined),
    },
    {
      method: "POST",
      path: "/agents/:agent/process",
      doc: { ...doc, summary: "The same for one of several agents, by its name." },
      handle: (request) => run(request, request.params["agent"]),
    },
  ];

  async function run({ http, identity }: RouteRequest, agent: string | undefined): Promise<HttpReply> {
    const request = parse(agentRequestSchema, await http.readJson(maxBodyBytes), "request");
    const { signal } = http;
    const traceparent = http.headers["traceparent"];
    const key = await runs.start({ agent, request, identity, reader: signal, traceparent });
    const headers = runIdHeader(key.runId);
    const entries = runs.read(key, { follow: true, signal });
    if (request.stream !== false) return { status: 200, headers, body: { sse: runFrames(entries) } };
    const { data } = await lastEntry(entries);
    return { status: 200, headers, body: { text: data, contentType: "application/json; charset=utf-8" } };
  }
}
