import { parse } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { pushFor } from "./operations.ts";
import type { Call, Operations } from "./operations.ts";
import {
  createPushConfigRequestSchema,
  getTaskRequestSchema,
  listPushConfigsRequestSchema,
  listTasksRequestSchema,
  pushConfigRequestSchema,
  sendRequestSchema,
  taskRequestSchema,
} from "./request-schemas.ts";
import type { StreamEvent } from "./task.ts";

/** One operation of a protocol version: its params as they came, its result as it is sent. */
export type Method =
  | {
      readonly kind: "call";
      readonly call: (operations: Operations, params: unknown, call: Call) => Promise<unknown>;
    }
  | {
      readonly kind: "stream";
      readonly stream: (
        operations: Operations,
        params: unknown,
        call: Call,
      ) => Promise<AsyncIterable<readonly StreamEvent[]>>;
    };

/** The operations of A2A 1.0, by the names that JSON-RPC and gRPC have for them. */
export const methods: Readonly<Record<string, Method>> = {
  SendMessage: {
    kind: "call",
    call: async ({ cards, tasks }, params, { caller, http }) => {
      const request = parse(sendRequestSchema, params, "request");
      return tasks.send(request, caller, { card: await cards.card(caller.agent, http), version: "1.0" });
    },
  },
  SendStreamingMessage: {
    kind: "stream",
    stream: async ({ cards, tasks }, params, { caller, http }) => {
      const request = parse(sendRequestSchema, params, "request");
      return tasks.stream(request, caller, { card: await cards.card(caller.agent, http), version: "1.0" });
    },
  },
  GetTask: {
    kind: "call",
    call: async ({ tasks }, params, { caller }) => tasks.get(parse(getTaskRequestSchema, params, "request"), caller),
  },
  ListTasks: {
    kind: "call",
    call: async ({ tasks }, params, { caller }) => tasks.list(parse(listTasksRequestSchema, params, "request"), caller),
  },
  CancelTask: {
    kind: "call",
    call: async ({ tasks }, params, { caller }) => tasks.cancel(parse(taskRequestSchema, params, "request").id, caller),
  },
  SubscribeToTask: {
    kind: "stream",
    stream: async ({ tasks }, params, { caller }) =>
      tasks.subscribe(parse(taskRequestSchema, params, "request").id, caller),
  },
  CreateTaskPushNotificationConfig: {
    kind: "call",
    call: async (operations, params, call) => {
      const { taskId, ...config } = parse(createPushConfigRequestSchema, params, "request");
      const { push, key } = await pushFor(operations, call, taskId);
      const created = await push.create(key, config, "1.0");
      await operations.tasks.watch(taskId, call.caller);
      return created;
    },
  },
  GetTaskPushNotificationConfig: {
    kind: "call",
    call: async (operations, params, call) => {
      const { taskId, id } = parse(pushConfigRequestSchema, params, "request");
      const { push, key } = await pushFor(operations, call, taskId);
      return push.get(key, id);
    },
  },
  ListTaskPushNotificationConfigs: {
    kind: "call",
    call: async (operations, params, call) => {
      const { taskId } = parse(listPushConfigsRequestSchema, params, "request");
      const { push, key } = await pushFor(operations, call, taskId);
      return { configs: await push.list(key), nextPageToken: "" };
    },
  },
  DeleteTaskPushNotificationConfig: {
    kind: "call",
    call: async (operations, params, call) => {
      const { taskId, id } = parse(pushConfigRequestSchema, params, "request");
      const { push, key } = await pushFor(operations, call, taskId);
      await push.delete(key, id);
      return null;
    },
  },
  GetExtendedAgentCard: {
    kind: "call",
    call: async ({ cards }, params, { caller, http }) => {
      parse(z.object({}), params, "request");
      return cards.extended(caller.agent, http, caller.identity);
    },
  },
};
