import type { Route, RouteRequest } from "@agentscope-runtime/core";
import { a2aError } from "./a2a-error.ts";
import { methods } from "./methods.ts";
import { sendRequestSchema, pushConfigSchema } from "./request-schemas.ts";
import { toRestError, toRestErrorReply } from "./rest-error-reply.ts";
import { numberIn, restRoute } from "./rest-route.ts";
import type { RestDialect, RestOperation, RestOptions } from "./rest-route.ts";

const dialect: RestDialect = {
  version: "1.0",
  methods,
  words: { event: (event) => JSON.stringify(event), error: (error) => JSON.stringify(toRestError(error)) },
  contentType: "application/a2a+json",
  errorReply: toRestErrorReply,
};

/** HTTP+JSON of A2A 1.0 below a path. */
export function restRoutes(base: string, options: RestOptions): readonly Route[] {
  const route = restRoute(base, dialect, options);
  return [
    route({
      method: "POST",
      path: "/message:send",
      summary: "Send a message.",
      body: sendRequestSchema,
      operation: () => ({ method: "SendMessage", params: {} }),
    }),
    route({
      method: "POST",
      path: "/message:stream",
      summary: "Send a message, and stream what becomes of it.",
      body: sendRequestSchema,
      operation: () => ({ method: "SendStreamingMessage", params: {} }),
    }),
    route({
      method: "GET",
      path: "/tasks",
      summary: "Your tasks, those that changed last first.",
      operation: ({ query }) => ({ method: "ListTasks", params: listParams(query) }),
    }),
    route({
      method: "GET",
      path: "/tasks/:task",
      summary: "A task; with `:subscribe` behind its id, its updates.",
      operation: taskOperation,
    }),
    route({
      method: "POST",
      path: "/tasks/:task",
      summary: "Cancel a task with `:cancel` behind its id; follow it with `:subscribe`.",
      operation: taskOperation,
    }),
    route({
      method: "POST",
      path: "/tasks/:taskId/pushNotificationConfigs",
      summary: "Say where to be told about a task.",
      body: pushConfigSchema,
      operation: ({ params: { taskId } }) => ({ method: "CreateTaskPushNotificationConfig", params: { taskId } }),
    }),
    route({
      method: "GET",
      path: "/tasks/:taskId/pushNotificationConfigs",
      summary: "Where a task is told about.",
      operation: ({ params: { taskId } }) => ({ method: "ListTaskPushNotificationConfigs", params: { taskId } }),
    }),
    route({
      method: "GET",
      path: "/tasks/:taskId/pushNotificationConfigs/:id",
      summary: "One of them.",
      operation: ({ params: { taskId, id } }) => ({ method: "GetTaskPushNotificationConfig", params: { taskId, id } }),
    }),
    route({
      method: "DELETE",
      path: "/tasks/:taskId/pushNotificationConfigs/:id",
      summary: "Tell nobody there any more.",
      operation: ({ params: { taskId, id } }) => ({
        method: "DeleteTaskPushNotificationConfig",
        params: { taskId, id },
      }),
    }),
    route({
      method: "GET",
      path: "/extendedAgentCard",
      summary: "The card for callers who are known.",
      operation: () => ({ method: "GetExtendedAgentCard", params: {} }),
    }),
  ];
}

const verbs: Readonly<Record<string, string>> = { cancel: "CancelTask", subscribe: "SubscribeToTask" };

/** `GET /tasks/{id}`, or what a verb behind the id says. */
function taskOperation({ params: { task = "" }, query, http }: RouteRequest): RestOperation {
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
