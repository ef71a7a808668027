import { parse } from "@agentscope-runtime/protocol";
import { fromLegacyPush } from "./from-legacy.ts";
import { fromLegacyProtoSend, legacyProtoPushSchema, legacyProtoSendSchema } from "./from-legacy-proto.ts";
import type { Method } from "./methods.ts";
import { pushFor } from "./operations.ts";
import {
  getTaskRequestSchema,
  listPushConfigsRequestSchema,
  pushConfigRequestSchema,
  taskRequestSchema,
} from "./request-schemas.ts";
import { toLegacyProtoEvent, toLegacyProtoPushConfig, toLegacyProtoTask } from "./to-legacy-proto.ts";

/** The operations of A2A 0.3's HTTP+JSON, by what their paths say. */
export const legacyRestMethods: Readonly<Record<string, Method>> = {
  "message:send": {
    kind: "call",
    call: async ({ cards, tasks }, params, { caller, http }) => {
      const request = fromLegacyProtoSend(parse(legacyProtoSendSchema, params, "request"));
      return toLegacyProtoEvent(
        await tasks.send(request, caller, { card: await cards.card(caller.agent, http), version: "0.3" }),
      );
    },
  },
  "message:stream": {
    kind: "stream",
    stream: async ({ cards, tasks }, params, { caller, http }) => {
      const request = fromLegacyProtoSend(parse(legacyProtoSendSchema, params, "request"));
      return tasks.stream(request, caller, { card: await cards.card(caller.agent, http), version: "0.3" });
    },
  },
  "task:get": {
    kind: "call",
    call: async ({ tasks }, params, { caller }) =>
      toLegacyProtoTask(await tasks.get(parse(getTaskRequestSchema, params, "request"), caller)),
  },
  "task:cancel": {
    kind: "call",
    call: async ({ tasks }, params, { caller }) =>
      toLegacyProtoTask(await tasks.cancel(parse(taskRequestSchema, params, "request").id, caller)),
  },
  "task:subscribe": {
    kind: "stream",
    stream: async ({ tasks }, params, { caller }) =>
      tasks.subscribe(parse(taskRequestSchema, params, "request").id, caller),
  },
  "push:create": {
    kind: "call",
    call: async (operations, params, call) => {
      const { taskId, pushNotificationConfig } = parse(legacyProtoPushSchema, params, "request");
      const { push, key } = await pushFor(operations, call, taskId);
      const created = await push.create(key, fromLegacyPush(pushNotificationConfig), "0.3");
      await operations.tasks.watch(taskId, call.caller);
      return toLegacyProtoPushConfig(created);
    },
  },
  "push:get": {
    kind: "call",
    call: async (operations, params, call) => {
      const { taskId, id } = parse(pushConfigRequestSchema, params, "request");
      const { push, key } = await pushFor(operations, call, taskId);
      return toLegacyProtoPushConfig(await push.get(key, id));
    },
  },
  "push:list": {
    kind: "call",
    call: async (operations, params, call) => {
      const { taskId } = parse(listPushConfigsRequestSchema, params, "request");
      const { push, key } = await pushFor(operations, call, taskId);
      return { configs: (await push.list(key)).map(toLegacyProtoPushConfig) };
    },
  },
  "push:delete": {
    kind: "call",
    call: async (operations, params, call) => {
      const { taskId, id } = parse(pushConfigRequestSchema, params, "request");
      const { push, key } = await pushFor(operations, call, taskId);
      await push.delete(key, id);
      return null;
    },
  },
  card: {
    kind: "call",
    call: async ({ cards }, _params, { caller, http }) =>
      cards.withLegacy(await cards.extended(caller.agent, http, caller.identity)),
  },
};
