import type { HttpMethod, HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import type { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { a2aError } from "./a2a-error.ts";
import { callerOf } from "./caller.ts";
import { assertContentType } from "./content-type.ts";
import { eventFrames } from "./event-frames.ts";
import { extensionHeaders } from "./json-rpc.ts";
import { methods } from "./methods.ts";
import type { Operations } from "./operations.ts";
import { assertVersion, versionOf } from "./protocol-version.ts";
import { sendRequestSchema, pushConfigSchema } from "./request-schemas.ts";
import { toRestError, toRestErrorReply } from "./rest-error-reply.ts";

const contentType = "application/a2a+json";
const replySchema = z.looseObject({});

interface Operation {
  readonly method: string;
  /** What the path and the query say, as params of the method. */
  readonly params: Record<string, unknown>;
}

export interface RestOptions {
  readonly operations: Operations;
  readonly maxBodyBytes: number;
}

/** HTTP+JSON of A2A 1.0 below a path. */
export function restRoutes(base: string, { operations, maxBodyBytes }: RestOptions): readonly Route[] {
  const words = {
    event: (event: unknown) => JSON.stringify(event),
    error: (error: RuntimeError) => JSON.stringify(toRestError(error)),
  };

  return [
    post("/message:send", "Send a message.", () => ({ method: "SendMessage", params: {} }), sendRequestSchema),
    post(
      "/message:stream",
      "Send a message, and stream what becomes of it.",
      () => ({ method: "SendStreamingMessage", params: {} }),
      sendRequestSchema,
    ),
    get("/tasks", "Your tasks, those that changed last first.", ({ query }) => ({
      method: "ListTasks",
      params: listParams(query),
    })),
    get("/tasks/:task", "A task; with `:subscribe` behind its id, its updates.", taskOperation),
    post("/tasks/:task", "Cancel a task with `:cancel` behind its id; follow it with `:subscribe`.", taskOperation),
    post(
      "/tasks/:taskId/pushNotificationConfigs",
      "Say where to be told about a task.",
      ({ params: { taskId } }) => ({ method: "CreateTaskPushNotificationConfig", params: { taskId } }),
      pushConfigSchema,
    ),
    get("/tasks/:taskId/pushNotificationConfigs", "Where a task is told about.", ({ params: { taskId } }) => ({
      method: "ListTaskPushNotificationConfigs",
      params: { taskId },
    })),
    get("/tasks/:taskId/pushNotificationConfigs/:id", "One of them.", ({ params: { taskId, id } }) => ({
      method: "GetTaskPushNotificationConfig",
      params: { taskId, id },
    })),
    route("DELETE", "/tasks/:taskId/pushNotificationConfigs/:id", {
      summary: "Tell nobody there any more.",
      operation: ({ params: { taskId, id } }) => ({
        method: "DeleteTaskPushNotificationConfig",
        params: { taskId, id },
      }),
    }),
    get("/extendedAgentCard", "The card for callers who are known.", () => ({
      method: "GetExtendedAgentCard",
      params: {},
    })),
  ];

  function get(path: string, summary: string, operation: (request: RouteRequest) => Operation): Route {
    return route("GET", path, { summary, operation });
  }

  function post(
    path: string,
    summary: string,
    operation: (request: RouteRequest) => Operation,
    body?: z.ZodType,
  ): Route {
    return route("POST", path, { summary, operation, body });
  }

  function route(
    method: HttpMethod,
    path: string,
    how: {
      readonly summary: string;
      readonly operation: (request: RouteRequest) => Operation;
      readonly body?: z.ZodType | undefined;
    },
  ): Route {
    const { summary, operation, body } = how;
    return {
      method,
      path: `${base}${path}`,
      doc: { summary, tag: "a2a", reply: replySchema, ...(body === undefined ? {} : { body }) },
      handle: async (request) => answer(request, operation),
      errorReply: toRestErrorReply,
    };
  }

  async function answer(request: RouteRequest, operationOf: (request: RouteRequest) => Operation): Promise<HttpReply> {
    const { http } = request;
    assertVersion(versionOf(request), "1.0");
    const { method: name, params } = operationOf(request);
    const method = methods[name];
    if (method === undefined) throw a2aError("METHOD_NOT_FOUND", `There is no operation ${name}.`);
    const caller = callerOf(request, operations.cards.agent(request.params["agent"]));
    const body = http.method === "POST" ? await readObject(request) : {};
    const headers = await extensionHeaders(operations, request, caller.extensions);
    const call = { caller, http };
    if (method.kind === "stream") {
      const batches = await method.stream(operations, { ...body, ...params }, call);
      return { status: 200, headers, body: { sse: eventFrames(batches, words) } };
    }
    const result = await method.call(operations, { ...body, ...params }, call);
    if (result === null) return { status: 204, headers };
    return { status: 200, headers, body: { text: JSON.stringify(result), contentType } };
  }

  async function readObject({ http }: RouteRequest): Promise<Record<string, unknown>> {
    assertContentType(http.headers);
    const body = (await http.readJson(maxBodyBytes)) ?? {};
    if (typeof body === "object" && !Array.isArray(body)) return body as Record<string, unknown>;
    throw a2aError("INVALID_PARAMS", "Invalid request: send a JSON object.");
  }
}

const verbs: Readonly<Record<string, string>> = { cancel: "CancelTask", subscribe: "SubscribeToTask" };

/** `GET /tasks/{id}`, or what a verb behind the id says. */
function taskOperation({ params: { task = "" }, query, http }: RouteRequest): Operation {
  const [, id = task, verb] = /^(.*):(cancel|subscribe)$/s.exec(task) ?? [];
  if (verb !== undefined && (http.method === "POST" || verb === "subscribe")) {
    return { method: verbs[verb] ?? "", params: { id } };
  }
  if (http.method === "POST") throw a2aError("METHOD_NOT_FOUND", "Put :cancel or :subscribe behind the task's id.");
  return { method: "GetTask", params: { id: task, ...numberIn(query, "historyLength") } };
}

function listParams(query: URLSearchParams): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const name of ["contextId", "status", "pageToken", "statusTimestampAfter"]) {
    const value = query.get(name);
    if (value !== null && value !== "") params[name] = value;
  }
  const artifacts = query.get("includeArtifacts");
  if (artifacts !== null)
    params["includeArtifacts"] = artifacts === "true" || (artifacts === "false" ? false : artifacts);
  return { ...params, ...numberIn(query, "pageSize"), ...numberIn(query, "historyLength") };
}

/** A number of the query; what is none stays a text, for the schema to refuse. */
function numberIn(query: URLSearchParams, name: string): Record<string, unknown> {
  const value = query.get(name);
  if (value === null || value === "") return {};
  return { [name]: /^-?\d{1,15}$/.test(value) ? Number(value) : value };
}
