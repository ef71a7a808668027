import {
  agentEventSchema,
  agentResponseSchema,
  isTerminalStatus,
  parse,
  runSchema,
  runStatusSchema,
} from "@agentscope-runtime/protocol";
import type { Run } from "@agentscope-runtime/protocol";
import type { RunKey, RunRecord } from "@agentscope-runtime/services";
import { z } from "zod";
import { pageFields, pageReply, pageReplySchema } from "./page-reply.ts";
import type { Route, RouteRequest } from "./route.ts";
import type { RunDoor } from "./run-door.ts";
import { lastEntry } from "./run-door.ts";
import { ownerOf } from "./runs.ts";
import { runIdHeader } from "./run-id-header.ts";
import { runFrames } from "./sse-frames.ts";

const runWithResponseSchema = runSchema.extend({
  /** What the run ended with; null while it runs. */
  response: agentResponseSchema.nullable(),
});

const listQuerySchema = z.strictObject({
  ...pageFields,
  session_id: z.string().optional(),
  status: runStatusSchema.optional(),
});

const sequence = z
  .string()
  .regex(/^\d{1,15}$/, "An event's number is a whole number from 0.")
  .transform(Number);
const eventsQuerySchema = z.strictObject({ after: sequence.optional() });

/** Runs after they began: look, follow, cancel. */
export function runRoutes(runs: RunDoor): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/runs",
      doc: {
        summary: "Your runs, newest first.",
        tag: "runs",
        query: listQuerySchema,
        reply: pageReplySchema(runSchema),
      },
      async handle({ identity, query, http }) {
        const { session_id: sessionId, ...options } = parse(listQuerySchema, Object.fromEntries(query), "query");
        const page = await runs.list(ownerOf(identity), { ...options, sessionId, signal: http.signal });
        return pageReply(page, toRun);
      },
    },
    {
      method: "GET",
      path: "/runs/:runId",
      doc: { summary: "One run, with its response when it has ended.", tag: "runs", reply: runWithResponseSchema },
      async handle(request) {
        const key = keyOf(request);
        const record = await runs.get(key, { signal: request.http.signal });
        return { status: 200, body: { json: { ...toRun(record), response: await responseOf(record) } } };
      },
    },
    {
      method: "GET",
      path: "/runs/:runId/events",
      doc: {
        summary:
          "The run's events after `after`, or after the header `Last-Event-ID`, and on until it ends; 204 when there is nothing after it.",
        tag: "runs",
        query: eventsQuerySchema,
        events: agentEventSchema,
      },
      async handle(request) {
        const { http, query } = request;
        const given = { after: query.get("after") ?? http.headers["last-event-id"] };
        const { after } = parse(eventsQuerySchema, given, "query");
        const key = keyOf(request);
        const { status, eventCount } = await runs.get(key, { signal: http.signal });
        // A browser's EventSource asks again until it is told that there is nothing left.
        if (isTerminalStatus(status) && after !== undefined && after >= eventCount - 1) return { status: 204 };
        const entries = runs.read(key, { after, follow: true, signal: http.signal });
        return { status: 200, headers: runIdHeader(key.runId), body: { sse: runFrames(entries) } };
      },
    },
    {
      method: "POST",
      path: "/runs/:runId/cancel",
      doc: { summary: "Stop a run; answers when its agent has stopped.", tag: "runs", reply: runSchema },
      async handle(request) {
        return {
          status: 200,
          body: { json: toRun(await runs.cancel(keyOf(request), { signal: request.http.signal })) },
        };
      },
    },
  ];

  async function responseOf({ ownerId, runId, status, eventCount }: RunRecord): Promise<unknown> {
    if (!isTerminalStatus(status)) return null;
    const after = eventCount > 1 ? eventCount - 2 : undefined;
    const { data } = await lastEntry(runs.read({ ownerId, runId }, { after }));
    return JSON.parse(data);
  }
}

function keyOf({ identity, params }: RouteRequest): RunKey {
  return { ownerId: ownerOf(identity), runId: params["runId"] ?? "" };
}

function toRun(record: RunRecord): Run {
  return {
    object: "run",
    id: record.runId,
    agent: record.agent,
    session_id: record.sessionId,
    user_id: record.userId,
    status: record.status,
    created_at: Math.floor(record.createdAt / 1000),
    completed_at: record.endedAt === undefined ? null : Math.floor(record.endedAt / 1000),
    event_count: record.eventCount,
  };
}
