import { RuntimeError, runSchema, sessionSchema, taskStatusSchema } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { z } from "zod";
import type { AgentClient, RunStream } from "./agent-client.ts";
import { messagesFrom, responseFrom } from "./known-events.ts";
import { pageSchema } from "./page.ts";
import { pathOf } from "./path-of.ts";
import { readJson } from "./read-json.ts";
import { prepareRun } from "./run-request.ts";
import type { PreparedRun } from "./run-request.ts";
import { runStream } from "./run-stream.ts";
import { onAbort, stopOnLeave } from "./stop-on-leave.ts";
import { Transport } from "./transport.ts";
import type { Call, TransportOptions } from "./transport.ts";

export interface ClientOptions extends TransportOptions {
  /** The longest event, and the longest JSON answer, in characters. A longer one is `payload_too_large`. Default 16 Mi. */
  readonly maxReplyLength?: number | undefined;
}

const defaultMaxReplyLength = 16 * 1024 * 1024;
const stopMs = 5_000;

const runWithResponseSchema = runSchema.extend({ response: z.unknown() });
const approvalsSchema = z.object({ pending: z.array(z.string()) });
const submittedSchema = z.object({ task_id: z.string() });

/**
 * A client of one server. It keeps no connection, so there is nothing to close.
 *
 * @example
 * ```ts
 * const client = createClient({ baseUrl: "http://127.0.0.1:8090" });
 * const response = await client.query({ input: "Hello" });
 * ```
 */
export function createClient(options: ClientOptions): AgentClient {
  const transport = new Transport(options);
  const { maxReplyLength: maxLength = defaultMaxReplyLength } = options;

  return {
    run(request, { agent, signal } = {}) {
      const run = prepareRun(request, true);
      const { runId } = run;
      const begin = processCall(run, { agent, accept: "text/event-stream" });
      const events = runStream(transport, { runId, begin, maxLength, signal });
      const stop = stopOf(run);
      return streamOf(runId, stop === undefined ? events : stopOnLeave(events, stop, signal));
    },

    async query(request, { agent, signal } = {}) {
      signal?.throwIfAborted();
      const run = prepareRun(request, false);
      const stop = stopOf(run);
      const letGo = stop && onAbort(signal, stop);
      try {
        return await responseFrom(await askJson(processCall(run, { agent, accept: "application/json" }), signal));
      } finally {
        letGo?.();
      }
    },

    resume(runId, { after, signal } = {}) {
      return streamOf(runId, runStream(transport, { runId, after, maxLength, signal }));
    },

    async cancel(runId, { signal } = {}) {
      return expected(runSchema, await askJson(cancelCall(runId), signal), "a run");
    },

    async getRun(runId, { signal } = {}) {
      const value = await askJson(get(pathOf("runs", runId)), signal);
      const { response, ...run } = expected(runWithResponseSchema, value, "a run");
      return { ...run, response: response === null ? null : await responseFrom(response) };
    },

    async pendingApprovals(runId, { signal } = {}) {
      const value = await askJson(get(pathOf("runs", runId, "approvals")), signal);
      return expected(approvalsSchema, value, "a list of approvals").pending;
    },

    async decide({ runId, approvalId }, { approve, reason, onDisconnect = "continue" }, { signal } = {}) {
      const path = pathOf("runs", runId, "approvals", approvalId);
      const body = JSON.stringify({ approve, reason, on_disconnect: onDisconnect });
      // A stream is begun when the run is; it is followed by its id, as any other.
      return transport.ask({ method: "POST", path, body, accept: "text/event-stream" }, signal, async (response) => {
        const resumed = response.headers.get("x-run-id") ?? undefined;
        if (resumed !== undefined) {
          await discard(response);
          return { pending: [], runId: resumed };
        }
        const value = await readJson(response, { maxLength, signal });
        return { pending: expected(approvalsSchema, value, "a list of approvals").pending, runId: undefined };
      });
    },

    async listRuns({ sessionId, status, limit, cursor, signal } = {}) {
      const query = { session_id: sessionId, status, limit, cursor };
      return expected(pageSchema(runSchema), await askJson(get("/runs", query), signal), "a list of runs");
    },

    async listSessions({ userId, limit, cursor, signal } = {}) {
      const value = await askJson(get("/sessions", { user_id: userId, limit, cursor }), signal);
      return expected(pageSchema(sessionSchema), value, "a list of sessions");
    },

    async readMessages(sessionId, { userId, limit, cursor, signal } = {}) {
      const query = { user_id: userId, limit, cursor };
      const value = await askJson(get(pathOf("sessions", sessionId, "messages"), query), signal);
      const page = expected(pageSchema(z.unknown()), value, "a list of messages");
      return { ...page, items: await messagesFrom(page.items) };
    },

    async deleteSession(sessionId, { userId, signal } = {}) {
      const query = { user_id: userId };
      const path = pathOf("sessions", sessionId);
      await transport.ask({ method: "DELETE", path, query, accept: "application/json" }, signal, discard);
    },

    async submitTask(request, { signal } = {}) {
      const { body } = prepareRun(request, true);
      const value = await askJson({ method: "POST", path: "/process/task", body, accept: "application/json" }, signal);
      return expected(submittedSchema, value, "a task").task_id;
    },

    async getTask(taskId, { signal } = {}) {
      const value = await askJson(get(pathOf("process", "task", taskId)), signal);
      const task = expected(taskStatusSchema, value, "a task's status");
      return task.status === "finished" ? { ...task, result: await responseFrom(task.result) } : task;
    },
  };

  async function askJson(call: Call, signal: AbortSignal | undefined): Promise<unknown> {
    return transport.ask(call, signal, async (response) => readJson(response, { maxLength, signal }));
  }

  /** Undefined when the run shall go on without a reader, or when the server decides that. */
  function stopOf({ runId, onDisconnect }: PreparedRun): (() => Promise<void>) | undefined {
    if (onDisconnect === "continue" || onDisconnect === null) return undefined;
    return async () => {
      try {
        await discard(await transport.send(cancelCall(runId), AbortSignal.timeout(stopMs)));
      } catch {
        // Nobody is left to be told; the run's grace ends it.
      }
    };
  }
}

function processCall(
  { body }: PreparedRun,
  { agent, accept }: { readonly agent: string | undefined; readonly accept: Call["accept"] },
): Call {
  const path = agent === undefined ? "/process" : pathOf("agents", agent, "process");
  return { method: "POST", path, body, accept };
}

function cancelCall(runId: string): Call {
  return { method: "POST", path: pathOf("runs", runId, "cancel"), accept: "application/json" };
}

function get(path: string, query: Call["query"] = {}): Call {
  return { method: "GET", path, query, accept: "application/json" };
}

function streamOf(runId: string, events: AsyncGenerator<AgentEvent, void, undefined>): RunStream {
  return { runId, [Symbol.asyncIterator]: () => events };
}

/** What a newer server adds is left out; what is missing is its mistake, and not the caller's. */
function expected<S extends z.ZodType>(schema: S, value: unknown, what: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new RuntimeError("internal", `The server's answer is not ${what}.`, { cause: result.error });
}

async function discard({ body }: Response): Promise<void> {
  await body?.cancel();
}
