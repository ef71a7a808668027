import {
  agentRequestSchema,
  agentResponseSchema,
  isTerminalStatus,
  parse,
  RuntimeError,
  taskStatusSchema,
} from "@agentscope-runtime/protocol";
import type { TaskStatus } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { AppTasks } from "./app-tasks.ts";
import type { Route } from "./route.ts";
import { lastEntry } from "./run-door.ts";
import type { RunDoor } from "./run-door.ts";
import { ownerOf } from "./runs.ts";

const submittedSchema = z.object({
  task_id: z.string(),
  status: z.literal("submitted"),
  queue: z.string(),
  message: z.string(),
});

const tag = "tasks";
const submittedDoc = { tag, reply: submittedSchema };
const queue = "default";

/** The agent itself as a background task: a run that goes on without a reader. The task's id is the run's. */
export function processTaskRoutes(runs: RunDoor, maxBodyBytes: number): readonly Route[] {
  return [
    {
      method: "POST",
      path: "/process/task",
      doc: { ...submittedDoc, summary: "Run the agent in the background.", body: agentRequestSchema },
      async handle({ http, identity }) {
        const request = parse(agentRequestSchema, await http.readJson(maxBodyBytes), "request");
        const traceparent = http.headers["traceparent"];
        const key = await runs.start({ request: { ...request, on_disconnect: "continue" }, identity, traceparent });
        return submitted(key.runId);
      },
    },
    {
      method: "GET",
      path: "/process/task/:taskId",
      doc: { summary: "How a background run is doing; its result is the response.", tag, reply: taskStatusSchema },
      async handle({ http, identity, params }) {
        const key = { ownerId: ownerOf(identity), runId: params["taskId"] ?? "" };
        const { status, createdAt, eventCount } = await runs.get(key, { signal: http.signal });
        if (!isTerminalStatus(status))
          return statusReply({ status: "running", started_at: createdAt / 1000, result: null });
        const after = eventCount > 1 ? eventCount - 2 : undefined;
        const { data } = await lastEntry(runs.read(key, { after }));
        const response = agentResponseSchema.parse(JSON.parse(data));
        if (response.error === null) return statusReply({ status: "finished", result: response });
        return statusReply({ status: "error", result: response.error.message });
      },
    },
  ];
}

/** A custom background task: `POST path` begins it, `GET path/:taskId` tells how it is doing. */
export function customTaskRoutes(
  path: string,
  { tasks, maxBodyBytes }: { readonly tasks: AppTasks; readonly maxBodyBytes: number },
): readonly Route[] {
  return [
    {
      method: "POST",
      path,
      doc: { ...submittedDoc, summary: `Begin ${path} in the background.`, body: z.record(z.string(), z.unknown()) },
      async handle({ http, identity }) {
        const body = await http.readJson(maxBodyBytes);
        if (typeof body !== "object" || body === null || Array.isArray(body)) {
          throw new RuntimeError("invalid_argument", "Invalid body: send a JSON object.", {
            details: { field: "body" },
          });
        }
        return submitted(await tasks.submit(path, ownerOf(identity), body));
      },
    },
    {
      method: "GET",
      path: `${path}/:taskId`,
      doc: { summary: `How a task of ${path} is doing.`, tag, reply: taskStatusSchema },
      handle: async ({ identity, params }) =>
        statusReply(await tasks.status(path, ownerOf(identity), params["taskId"] ?? "")),
    },
  ];
}

function submitted(taskId: string): { status: number; body: { json: unknown } } {
  const message = `Task ${taskId} submitted to queue ${queue}`;
  return { status: 200, body: { json: { task_id: taskId, status: "submitted", queue, message } } };
}

function statusReply(status: TaskStatus): { status: number; body: { json: unknown } } {
  return { status: 200, body: { json: status } };
}
