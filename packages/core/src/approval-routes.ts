import { agentEventSchema, onDisconnectSchema, parse } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { HttpReply } from "./http.ts";
import type { Route, RouteRequest } from "./route.ts";
import { lastEntry } from "./run-door.ts";
import type { RunDoor } from "./run-door.ts";
import { ownerOf } from "./runs.ts";
import { runIdHeader } from "./run-id-header.ts";
import { runFrames } from "./sse-frames.ts";

const decisionSchema = z.strictObject({
  approve: z.boolean(),
  reason: z.string().max(10_000).optional(),
  /** False asks for one JSON response in place of a stream of events. */
  stream: z.boolean().default(true),
  /** Of the run that goes on. Null: the app's default. */
  on_disconnect: onDisconnectSchema.nullable().default(null),
});

const waitingSchema = z.object({
  object: z.literal("approvals"),
  run_id: z.string(),
  /** The ids of the approvals that still wait for a decision. */
  pending: z.array(z.string()),
});

/** Where people answer what a run has asked. */
export function approvalRoutes(runs: RunDoor, maxBodyBytes: number): readonly Route[] {
  const tag = "approvals";
  return [
    {
      method: "GET",
      path: "/runs/:runId/approvals",
      doc: { summary: "Which of a run's questions still wait for an answer.", tag, reply: waitingSchema },
      async handle({ identity, params, http }) {
        const runId = params["runId"] ?? "";
        const pending = await runs.pendingApprovals({ ownerId: ownerOf(identity), runId }, { signal: http.signal });
        return { status: 200, body: { json: { object: "approvals", run_id: runId, pending } } };
      },
    },
    {
      method: "POST",
      path: "/runs/:runId/approvals/:approvalId",
      doc: {
        summary:
          "Answer a run's question, once. The last answer begins the run that goes on with them, and streams it; before that, 202 tells what is missing.",
        tag,
        body: decisionSchema,
        events: agentEventSchema,
      },
      handle: decide,
    },
  ];

  async function decide({ http, identity, params }: RouteRequest): Promise<HttpReply> {
    const body = parse(decisionSchema, await http.readJson(maxBodyBytes), "request");
    const { signal } = http;
    const runId = params["runId"] ?? "";
    const { pending, resumed } = await runs.decide(
      { ownerId: ownerOf(identity), runId },
      { id: params["approvalId"] ?? "", approve: body.approve, reason: body.reason },
      { identity, reader: signal, traceparent: http.headers["traceparent"], onDisconnect: body.on_disconnect },
    );
    if (resumed === undefined) return { status: 202, body: { json: { object: "approvals", run_id: runId, pending } } };
    const headers = runIdHeader(resumed.runId);
    const entries = runs.read(resumed, { follow: true, signal });
    if (body.stream) return { status: 200, headers, body: { sse: runFrames(entries) } };
    const { data } = await lastEntry(entries);
    return { status: 200, headers, body: { text: data, contentType: "application/json; charset=utf-8" } };
  }
}
