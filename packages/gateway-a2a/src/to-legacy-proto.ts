import type { PushConfig } from "./push-config.ts";
import { isInterrupted, isTerminalState } from "./task.ts";
import type { A2aArtifact, A2aMessage, A2aPart, A2aTask, A2aTaskStatus, StreamEvent } from "./task.ts";
import { toLegacyPushConfig } from "./to-legacy.ts";

/** A2A 1.0 in the words of 0.3's HTTP+JSON: ProtoJSON of its `a2a.proto`. */

type Json = Readonly<Record<string, unknown>>;

function toPart({ text, raw, url, metadata, filename, mediaType, data }: A2aPart): Json {
  const about = metadata === undefined ? {} : { metadata };
  if (text !== undefined) return { text, ...about };
  if (raw === undefined && url === undefined) {
    const isObject = typeof data === "object" && data !== null && !Array.isArray(data);
    return { data: { data: isObject ? data : { value: data } }, ...about };
  }
  const file = {
    ...(raw === undefined ? { fileWithUri: url } : { fileWithBytes: raw }),
    ...(mediaType === undefined ? {} : { mimeType: mediaType }),
    ...(filename === undefined ? {} : { name: filename }),
  };
  return { file, ...about };
}

function toMessage({ parts, referenceTaskIds: _references, ...message }: A2aMessage): Json {
  return { ...message, content: parts.map(toPart) };
}

function toArtifact({ parts, ...artifact }: A2aArtifact): Json {
  return { ...artifact, parts: parts.map(toPart) };
}

function toStatus({ state, message, ...status }: A2aTaskStatus): Json {
  return {
    state: state === "TASK_STATE_CANCELED" ? "TASK_STATE_CANCELLED" : state,
    ...status,
    ...(message === undefined ? {} : { message: toMessage(message) }),
  };
}

export function toLegacyProtoTask({ status, artifacts, history, ...task }: A2aTask): Json {
  return {
    ...task,
    status: toStatus(status),
    ...(artifacts === undefined ? {} : { artifacts: artifacts.map(toArtifact) }),
    ...(history === undefined ? {} : { history: history.map(toMessage) }),
  };
}

/** The result of a message, or an event of a stream. */
export function toLegacyProtoEvent(event: StreamEvent): Json {
  if ("task" in event) return { task: toLegacyProtoTask(event.task) };
  if ("message" in event) return { message: toMessage(event.message) };
  if ("artifactUpdate" in event) {
    const { artifact, ...update } = event.artifactUpdate;
    return { artifactUpdate: { ...update, artifact: toArtifact(artifact) } };
  }
  const { status, ...update } = event.statusUpdate;
  const final = isTerminalState(status.state) || isInterrupted(status.state);
  return { statusUpdate: { ...update, status: toStatus(status), final } };
}

export function toLegacyProtoPushConfig(config: PushConfig): Json {
  const { pushNotificationConfig } = toLegacyPushConfig(config);
  return { name: `tasks/${config.taskId}/pushNotificationConfigs/${config.id}`, pushNotificationConfig };
}
