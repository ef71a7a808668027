import { mcpApprovalRequestSchema } from "@agentscope-runtime/protocol";
import type { AgentResponse, Message, RunStatus } from "@agentscope-runtime/protocol";
import type { A2aArtifact, A2aMessage, A2aPart, A2aTask, A2aTaskStatus, TaskState } from "./task.ts";
import { toPart } from "./to-part.ts";

/** What a task and everything about it are known by. */
export interface TaskFacts {
  readonly taskId: string;
  readonly contextId: string;
}

/** One turn of a task: a run, and the message that began it where it came in by this door. */
export interface Turn {
  readonly message: A2aMessage | undefined;
  /** As far as it has come. */
  readonly response: AgentResponse;
}

export interface TaskView {
  /** Whether reasoning and tools are told too. */
  readonly showWork: boolean;
  /** How many messages of the history, the newest ones. All of them by default. */
  readonly historyLength?: number | undefined;
  /** For a stream: clients take events of a few MB only, so a history that is longer than this is cut at its beginning. */
  readonly streamed?: boolean;
}

/** Characters of a history in a stream. */
const longestStreamedHistory = 256 * 1024;

/** What a run asks a person before it calls a tool. */
export interface Question {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

/** A task as it is after these turns, oldest first. */
export function toTask(
  facts: TaskFacts,
  turns: readonly Turn[],
  { showWork, historyLength, streamed = false }: TaskView,
): A2aTask {
  const artifacts: A2aArtifact[] = [];
  const history: A2aMessage[] = [];
  let status: A2aTaskStatus | undefined;
  for (const { message, response } of turns) {
    // What the agent has asked before stands in the history once it was answered.
    if (status?.message !== undefined) history.push(status.message);
    if (message !== undefined) history.push(message);
    for (const said of response.output ?? []) {
      if (isArtifact(said)) {
        const parts = partsOf(said);
        if (parts.length > 0) artifacts.push(toArtifact(said, parts));
      } else if (showWork && isWork(said)) history.push(toWorkMessage(facts, said));
    }
    status = toStatus(facts, response);
  }
  const newest = historyLength === undefined ? history : historyLength === 0 ? [] : history.slice(-historyLength);
  const shown = streamed ? withinLength(newest) : newest;
  return {
    id: facts.taskId,
    contextId: facts.contextId,
    status: status ?? { state: "TASK_STATE_SUBMITTED", timestamp: toTimestamp(0) },
    ...(artifacts.length === 0 ? {} : { artifacts }),
    ...(shown.length === 0 ? {} : { history: shown }),
  };
}

function withinLength(messages: readonly A2aMessage[]): readonly A2aMessage[] {
  let length = 0;
  const index = messages.findLastIndex(
    (message) => (length += JSON.stringify(message).length) > longestStreamedHistory,
  );
  return messages.slice(index + 1);
}

/** What the agent says to its client is an artifact. */
export function isArtifact({ type, role }: Pick<Message, "type" | "role">): boolean {
  return type === "message" && (role === "assistant" || role === null);
}

/** What the agent thinks and does meanwhile; what it asks is told by the status. */
export function isWork({ type }: Pick<Message, "type">): boolean {
  return type !== "mcp_approval_request" && type !== "heartbeat";
}

export function partsOf({ content }: Pick<Message, "content">): A2aPart[] {
  return (content ?? []).flatMap((part) => toPart(part) ?? []);
}

/** `name` and `description` in the metadata of a message are those of its artifact. */
export function toArtifact({ id, metadata }: Pick<Message, "id" | "metadata">, parts: readonly A2aPart[]): A2aArtifact {
  const { name, description } = metadata ?? {};
  return {
    artifactId: id,
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof description === "string" ? { description } : {}),
    parts,
    ...(metadata === null ? {} : { metadata }),
  };
}

export function toWorkMessage({ taskId, contextId }: TaskFacts, message: Message): A2aMessage {
  const parts = partsOf(message);
  return {
    messageId: message.id,
    contextId,
    taskId,
    role: message.role === "user" ? "ROLE_USER" : "ROLE_AGENT",
    parts: parts.length === 0 ? [{ text: "" }] : parts,
    metadata: { ...message.metadata, type: message.type },
  };
}

/** The questions of a run that has ended. */
export function questionsIn({ output }: AgentResponse): readonly Question[] {
  return (output ?? []).flatMap(({ type, content }) => {
    const [part] = content ?? [];
    if (type !== "mcp_approval_request" || part?.type !== "data") return [];
    const asked = mcpApprovalRequestSchema.safeParse(part.data);
    return asked.success ? [asked.data] : [];
  });
}

/** Reasons of an agent that A2A has states for. */
const stateOfReason: Readonly<Record<string, TaskState>> = {
  input_required: "TASK_STATE_INPUT_REQUIRED",
  auth_required: "TASK_STATE_AUTH_REQUIRED",
  rejected: "TASK_STATE_REJECTED",
};

/** The state of a run of which no more than its record is known. Ended ones may also have asked something. */
export function stateOf(status: RunStatus): TaskState {
  switch (status) {
    case "created":
    case "queued":
    case "unknown":
      return "TASK_STATE_SUBMITTED";
    case "in_progress":
      return "TASK_STATE_WORKING";
    case "completed":
      return "TASK_STATE_COMPLETED";
    case "failed":
    case "incomplete":
      return "TASK_STATE_FAILED";
    case "canceled":
      return "TASK_STATE_CANCELED";
    case "rejected":
      return "TASK_STATE_REJECTED";
  }
}

export function toStatus(facts: TaskFacts, response: AgentResponse): A2aTaskStatus {
  const { status, error, incomplete_details: incomplete } = response;
  const timestamp = toTimestamp(response.completed_at ?? response.created_at);
  const says = (state: TaskState, parts: readonly A2aPart[], metadata?: Record<string, unknown>): A2aTaskStatus => ({
    state,
    message: {
      messageId: `${response.id}-status`,
      contextId: facts.contextId,
      taskId: facts.taskId,
      role: "ROLE_AGENT",
      parts,
      ...(metadata === undefined ? {} : { metadata }),
    },
    timestamp,
  });
  const state = stateOf(status ?? "created");
  if (state === "TASK_STATE_COMPLETED") {
    const questions = questionsIn(response);
    return questions.length === 0
      ? { state, timestamp }
      : says("TASK_STATE_INPUT_REQUIRED", toQuestionParts(questions));
  }
  if (error !== null) return says(state, [{ text: error.message }], { code: error.code });
  if (incomplete === null) return { state, timestamp };
  const { reason } = incomplete;
  const wanted = Object.hasOwn(stateOfReason, reason) ? stateOfReason[reason] : undefined;
  if (wanted === undefined) return says(state, [{ text: `The run has ended early: ${reason}.` }], { reason });
  const last = (response.output ?? []).findLast(isArtifact);
  const parts = last === undefined ? [] : partsOf(last);
  return parts.length === 0 ? { state: wanted, timestamp } : says(wanted, parts);
}

/** For people as a text, for programs as data. */
function toQuestionParts(questions: readonly Question[]): A2aPart[] {
  const calls = questions.map((question) => `${question.name}(${question.arguments})`).join(", ");
  return [
    { text: `May I call ${calls}? Answer "approve" or "reject".` },
    { data: { approvals: questions.map(({ id, name, arguments: given }) => ({ id, name, arguments: given })) } },
  ];
}

/** Seconds since 1970 as ISO 8601. */
export function toTimestamp(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
