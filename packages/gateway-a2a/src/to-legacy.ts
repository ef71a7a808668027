import type { AgentCard, SecurityRequirement, SecurityScheme } from "./agent-card.ts";
import type { PushConfig } from "./push-config.ts";
import type { A2aArtifact, A2aMessage, A2aPart, A2aTask, A2aTaskStatus, StreamEvent, TaskState } from "./task.ts";
import { isInterrupted, isTerminalState } from "./task.ts";

/** A2A 1.0 in the words of 0.3, as its JSON-RPC has them. */

type Json = Readonly<Record<string, unknown>>;

const states: Readonly<Record<TaskState, string>> = {
  TASK_STATE_SUBMITTED: "submitted",
  TASK_STATE_WORKING: "working",
  TASK_STATE_COMPLETED: "completed",
  TASK_STATE_FAILED: "failed",
  TASK_STATE_CANCELED: "canceled",
  TASK_STATE_INPUT_REQUIRED: "input-required",
  TASK_STATE_REJECTED: "rejected",
  TASK_STATE_AUTH_REQUIRED: "auth-required",
};

function toLegacyPart({ text, raw, url, metadata, filename, mediaType, ...rest }: A2aPart): Json {
  const about = metadata === undefined ? {} : { metadata };
  if (text !== undefined) return { kind: "text", text, ...about };
  if (raw === undefined && url === undefined) {
    const { data } = rest;
    const isObject = typeof data === "object" && data !== null && !Array.isArray(data);
    return { kind: "data", data: isObject ? data : { value: data }, ...about };
  }
  const file = {
    ...(raw === undefined ? { uri: url } : { bytes: raw }),
    ...(mediaType === undefined ? {} : { mimeType: mediaType }),
    ...(filename === undefined ? {} : { name: filename }),
  };
  return { kind: "file", file, ...about };
}

function toLegacyMessage({ role, parts, ...message }: A2aMessage): Json {
  return { kind: "message", ...message, role: role === "ROLE_USER" ? "user" : "agent", parts: parts.map(toLegacyPart) };
}

function toLegacyArtifact({ parts, ...artifact }: A2aArtifact): Json {
  return { ...artifact, parts: parts.map(toLegacyPart) };
}

function toLegacyStatus({ state, message, ...status }: A2aTaskStatus): Json {
  return {
    state: states[state],
    ...status,
    ...(message === undefined ? {} : { message: toLegacyMessage(message) }),
  };
}

export function toLegacyTask({ status, artifacts, history, ...task }: A2aTask): Json {
  return {
    kind: "task",
    ...task,
    status: toLegacyStatus(status),
    ...(artifacts === undefined ? {} : { artifacts: artifacts.map(toLegacyArtifact) }),
    ...(history === undefined ? {} : { history: history.map(toLegacyMessage) }),
  };
}

/** The result of a message, or an event of a stream. */
export function toLegacyEvent(event: StreamEvent): Json {
  if ("task" in event) return toLegacyTask(event.task);
  if ("message" in event) return toLegacyMessage(event.message);
  if ("artifactUpdate" in event) {
    const { artifact, ...update } = event.artifactUpdate;
    return { kind: "artifact-update", ...update, artifact: toLegacyArtifact(artifact) };
  }
  const { status, ...update } = event.statusUpdate;
  const final = isTerminalState(status.state) || isInterrupted(status.state);
  return { kind: "status-update", ...update, status: toLegacyStatus(status), final };
}

export function toLegacyPushConfig({ taskId, authentication, ...config }: PushConfig): Json {
  if (authentication === undefined) return { taskId, pushNotificationConfig: config };
  const { scheme, ...credentials } = authentication;
  return { taskId, pushNotificationConfig: { ...config, authentication: { schemes: [scheme], ...credentials } } };
}

function toLegacyRequirement({ schemes }: SecurityRequirement): Json {
  return Object.fromEntries(Object.entries(schemes).map(([name, { list = [] }]) => [name, list]));
}

function toLegacyScheme(scheme: SecurityScheme): Json {
  const { apiKeySecurityScheme: key, httpAuthSecurityScheme: http, oauth2SecurityScheme: oauth2 } = scheme;
  const { openIdConnectSecurityScheme: openId, mtlsSecurityScheme: mtls } = scheme;
  if (key !== undefined) {
    const { location, ...rest } = key;
    return { type: "apiKey", in: location, ...rest };
  }
  if (http !== undefined) return { type: "http", ...http };
  if (oauth2 !== undefined) return { type: "oauth2", ...oauth2 };
  if (openId !== undefined) return { type: "openIdConnect", ...openId };
  return { type: "mutualTLS", ...mtls };
}

/** The parts of a card that 0.3 has and 1.0 has not, or has otherwise: without those that both have in common. */
export function toLegacyCardFields(card: AgentCard): Json {
  const [main, ...others] = card.supportedInterfaces.filter(({ protocolVersion }) => protocolVersion.startsWith("0.3"));
  const { securitySchemes, securityRequirements, skills, capabilities } = card;
  return {
    ...(main === undefined
      ? {}
      : { url: main.url, preferredTransport: main.protocolBinding, protocolVersion: "0.3.0" }),
    additionalInterfaces: others.map(({ url, protocolBinding }) => ({ url, transport: protocolBinding })),
    supportsAuthenticatedExtendedCard: capabilities.extendedAgentCard ?? false,
    skills: skills.map((skill) => ({
      ...skill,
      ...(skill.securityRequirements === undefined
        ? {}
        : { security: skill.securityRequirements.map(toLegacyRequirement) }),
    })),
    ...(securityRequirements === undefined ? {} : { security: securityRequirements.map(toLegacyRequirement) }),
    ...(securitySchemes === undefined
      ? {}
      : {
          securitySchemes: Object.fromEntries(
            Object.entries(securitySchemes).map(([name, scheme]) => [name, { ...scheme, ...toLegacyScheme(scheme) }]),
          ),
        }),
  };
}
