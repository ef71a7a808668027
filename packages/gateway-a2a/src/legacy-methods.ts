import { parse } from "@agentscope-runtime/protocol";
import {
  fromLegacyPush,
  fromLegacySend,
  legacyDeletePushSchema,
  legacyGetPushSchema,
  legacySendSchema,
  legacySetPushSchema,
  legacyTaskSchema,
} from "./from-legacy.ts";
import type { Method } from "./methods.ts";
import { pushFor } from "./operations.ts";
import { getTaskRequestSchema } from "./request-schemas.ts";
import { toLegacyEvent, toLegacyPushConfig, toLegacyTask } from "./to-legacy.ts";

/** The methods of A2A 0.3's JSON-RPC. */
export const legacyMethods: Readonly<Record<string, Method>> = {
  "message/send": {
    kind: "call",
    call: async ({ cards, tasks }, params, { caller, http }) => {
      const request = fromLegacySend(parse(legacySendSchema, params, "request"));
      return toLegacyEvent(
        await tasks.send(request, caller, { card: await cards.card(caller.agent, http), version: "0.3" }),
      );
    },
  },
  "message/stream": {
    kind: "stream",
    stream: async ({ cards, tasks }, params, { caller, http }) => {
      const request = fromLegacySend(parse(legacySendSchema, params, "request"));
      return tasks.stream(request, caller, { card: await cards.card(caller.agent, http), version: "0.3" });
    },
  },
  "tasks/get": {
    kind: "call",
    call: async ({ tasks }, params, { caller }) =>
      toLegacyTask(await tasks.get(parse(getTaskRequestSchema, params, "request"), caller)),
  },
  "tasks/cancel": {
    kind: "call",
    call: async ({ tasks }, params, { caller }) =>
      toLegacyTask(await tasks.cancel(parse(legacyTaskSchema, params, "request").id, caller)),
  },
  "tasks/resubscribe": {
    kind: "stream",
    stream: async ({ tasks }, params, { caller }) =>
      tasks.subscribe(parse(legacyTaskSchema, params, "request").id, caller),
  },
  "tasks/pushNotificationConfig/set": {
    kind: "call",
    call: async (operations, params, call) => {
      const { taskId, pushNotificationConfig } = parse(legacySetPushSchema, params, "request");
      const { push, key } = await pushFor(operations, call, taskId);
      const created = await push.create(key, fromLegacyPush(pushNotificationConfig), "0.3");
      await operations.tasks.watch(taskId, call.caller);
      return toLegacyPushConfig(created);
    },
  },
  "tasks/pushNotificationConfig/get": {
    kind: "call",
    call: async (operations, params, call) => {
      const { id, pushNotificationConfigId } = parse(legacyGetPushSchema, params, "request");
      const { push, key } = await pushFor(operations, call, id);
      // Without an id, the one there is: tasks had one config only before 0.3.
      const configId = pushNotificationConfigId ?? (await push.list(key))[0]?.id ?? "";
      return toLegacyPushConfig(await push.get(key, configId));
    },
  },
  "tasks/pushNotificationConfig/list": {
    kind: "call",
    call: async (operations, params, call) => {
      const { push, key } = await pushFor(operations, call, parse(legacyTaskSchema, params, "request").id);
      return (await push.list(key)).map(toLegacyPushConfig);
    },
  },
  "tasks/pushNotificationConfig/delete": {
    kind: "call",
    call: async (operations, params, call) => {
      const { id, pushNotificationConfigId } = parse(legacyDeletePushSchema, params, "request");
      const { push, key } = await pushFor(operations, call, id);
      await push.delete(key, pushNotificationConfigId);
      return null;
    },
  },
  "agent/getAuthenticatedExtendedCard": {
    kind: "call",
    call: async ({ cards }, _params, { caller, http }) => {
      return cards.withLegacy(await cards.extended(caller.agent, http, caller.identity));
    },
  },
};
