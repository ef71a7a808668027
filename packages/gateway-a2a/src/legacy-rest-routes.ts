import { errorReply } from "@agentscope-runtime/core";
import type { HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import type { RuntimeError } from "@agentscope-runtime/protocol";
import { a2aError, toFault } from "./a2a-error.ts";
import { legacyProtoPushSchema, legacyProtoSendSchema } from "./from-legacy-proto.ts";
import { legacyRestMethods } from "./legacy-rest-methods.ts";
import { numberIn, restRoute } from "./rest-route.ts";
import type { RestDialect, RestOperation, RestOptions } from "./rest-route.ts";
import { toLegacyProtoEvent } from "./to-legacy-proto.ts";

const dialect: RestDialect = {
  version: "0.3",
  methods: legacyRestMethods,
  words: {
    event: (event) => JSON.stringify(toLegacyProtoEvent(event)),
    error: (error) => JSON.stringify(toError(error)),
    errorName: "error",
  },
  contentType: "application/json",
  errorReply: toErrorReply,
};

/** HTTP+JSON of A2A 0.3 below a path: what it calls `/v1`. */
export function legacyRestRoutes(base: string, options: RestOptions): readonly Route[] {
  const route = restRoute(`${base}/v1`, dialect, options);
  return [
    route({
      method: "POST",
      path: "/message:send",
      summary: "A2A 0.3: send a message.",
      body: legacyProtoSendSchema,
      operation: () => ({ method: "message:send", params: {} }),
    }),
    route({
      method: "POST",
      path: "/message:stream",
      summary: "A2A 0.3: send a message, and stream what becomes of it.",
      body: legacyProtoSendSchema,
      operation: () => ({ method: "message:stream", params: {} }),
    }),
    route({
      method: "GET",
      path: "/tasks/:task",
      summary: "A2A 0.3: a task; with `:subscribe` behind its id, its updates.",
      operation: taskOperation,
    }),
    route({
      method: "POST",
      path: "/tasks/:task",
      summary: "A2A 0.3: cancel a task with `:cancel` behind its id; follow it with `:subscribe`.",
      operation: taskOperation,
    }),
    route({
      method: "POST",
      path: "/tasks/:taskId/pushNotificationConfigs",
      summary: "A2A 0.3: say where to be told about a task.",
      body: legacyProtoPushSchema,
      operation: ({ params: { taskId } }) => ({ method: "push:create", params: { taskId } }),
    }),
    route({
      method: "GET",
      path: "/tasks/:taskId/pushNotificationConfigs",
      summary: "A2A 0.3: where a task is told about.",
      operation: ({ params: { taskId } }) => ({ method: "push:list", params: { taskId } }),
    }),
    route({
      method: "GET",
      path: "/tasks/:taskId/pushNotificationConfigs/:id",
      summary: "A2A 0.3: one of them.",
      operation: ({ params: { taskId, id } }) => ({ method: "push:get", params: { taskId, id } }),
    }),
    route({
      method: "DELETE",
      path: "/tasks/:taskId/pushNotificationConfigs/:id",
      summary: "A2A 0.3: tell nobody there any more.",
      operation: ({ params: { taskId, id } }) => ({ method: "push:delete", params: { taskId, id } }),
    }),
    route({
      method: "GET",
      path: "/card",
      summary: "A2A 0.3: the card for callers who are known.",
      operation: () => ({ method: "card", params: {} }),
    }),
  ];
}

/** `GET /tasks/{id}`, or what a verb behind the id says. */
function taskOperation({ params: { task = "" }, query, http }: RouteRequest): RestOperation {
  const [, id = task, verb] = /^(.*):(cancel|subscribe)$/s.exec(task) ?? [];
  if (verb === "subscribe" || (verb === "cancel" && http.method === "POST")) {
    return { method: `task:${verb}`, params: { id } };
  }
  if (http.method === "POST") throw a2aError("METHOD_NOT_FOUND", "Put :cancel or :subscribe behind the task's id.");
  return { method: "task:get", params: { id: task, ...numberIn(query, "historyLength") } };
}

function toError(error: RuntimeError): object {
  const { rpc, message } = toFault(error);
  return { code: rpc, message };
}

function toErrorReply(error: RuntimeError): HttpReply {
  const { headers = {} } = errorReply(error);
  return { status: toFault(error).http, headers, body: { json: toError(error) } };
}
