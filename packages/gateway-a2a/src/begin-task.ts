import type { RunDoor } from "@agentscope-runtime/core";
import { agentRequestSchema, idSchema, isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, MessageInput, OnDisconnect } from "@agentscope-runtime/protocol";
import type { RunKey } from "@agentscope-runtime/services";
import { a2aError } from "./a2a-error.ts";
import type { AgentCard } from "./agent-card.ts";
import { assertModes } from "./media-types.ts";
import type { Caller } from "./caller.ts";
import { answerIn } from "./decisions.ts";
import { fromPart } from "./from-part.ts";
import { given } from "./request-schemas.ts";
import type { MessageRequest, SendRequest } from "./request-schemas.ts";
import { isLaterTurn, turnId } from "./task-shelf.ts";
import type { TaskShelf, TaskTrail } from "./task-shelf.ts";
import { isTerminalState } from "./task.ts";
import type { A2aMessage } from "./task.ts";
import { questionsIn } from "./to-task.ts";
import type { Question, TaskFacts, Turn } from "./to-task.ts";

export interface Beginning {
  readonly runs: RunDoor;
  readonly shelf: TaskShelf;
  readonly card: AgentCard;
  /** Whether somebody waits for the answer: when the caller hangs up, `onDisconnect` applies. */
  readonly waits: boolean;
  readonly onDisconnect: OnDisconnect;
}

export interface BegunTask {
  readonly facts: TaskFacts;
  /** The run of this turn. */
  readonly key: RunKey;
  readonly message: A2aMessage;
  /** The turns before it; none for a new task. */
  readonly before: readonly Turn[];
}

const mostTries = 20;

/** Begins the run that a message asks for: of a new task, or the next one of a task that is there. */
export async function beginTask(request: SendRequest, caller: Caller, beginning: Beginning): Promise<BegunTask> {
  const { message } = request;
  assertModes(message.parts, beginning.card.defaultInputModes);
  assertExtensions(beginning.card, caller.extensions);
  const taskId = given(message.taskId);
  if (taskId === undefined) {
    const contextId = given(message.contextId) ?? crypto.randomUUID();
    if (!idSchema.safeParse(contextId).success) {
      throw a2aError("INVALID_PARAMS", "message.contextId: use 1 to 128 letters, digits and . _ : @ = + ~ | - only.");
    }
    const id = crypto.randomUUID();
    const facts = { taskId: id, contextId };
    const begun = await start({ request, caller, beginning, runId: id, hasNewId: true, facts });
    // A message that was merged into a run that waits belongs to that run's task.
    if (begun !== undefined) return { ...begun, facts: { taskId: begun.key.runId, contextId }, before: [] };
    throw new RuntimeError("internal", "A new task has a message already.");
  }
  for (let tries = 0; tries < mostTries; tries += 1) {
    const trail = await beginning.shelf.find(taskId, caller);
    const context = given(message.contextId) ?? trail.facts.contextId;
    if (context !== trail.facts.contextId) {
      throw a2aError("INVALID_PARAMS", `message.contextId: task ${taskId} belongs to another context.`);
    }
    const before = await beginning.shelf.turns(trail);
    const questions = await assertOpen(trail, before, beginning.shelf);
    const { facts } = trail;
    const runId = turnId(taskId, 2 + trail.runs.filter((run) => isLaterTurn(run.runId)).length);
    const begun = await start({ request, caller, beginning, runId, facts, questions, userId: trail.runs[0].userId });
    if (begun !== undefined) return { ...begun, facts, before };
    // Another message to this task was faster: this one is the turn after it.
  }
  throw new RuntimeError("conflict", `Too many messages at once to task ${taskId}: send it again.`);
}

interface Start {
  readonly request: SendRequest;
  readonly caller: Caller;
  readonly beginning: Beginning;
  readonly runId: string;
  readonly hasNewId?: boolean;
  readonly facts: TaskFacts;
  readonly questions?: readonly Question[];
  readonly userId?: string;
}

/** Undefined when another message has begun this turn. */
async function start({
  request,
  caller,
  beginning,
  runId,
  hasNewId,
  facts,
  questions = [],
  userId,
}: Start): Promise<Pick<BegunTask, "key" | "message"> | undefined> {
  const { runs, shelf, waits } = beginning;
  const { agent, identity, ownerId, signal, traceparent } = caller;
  const answer = answerIn(request.message, questions);
  const said: MessageInput[] =
    answer.parts.length === 0
      ? []
      : [
          {
            role: request.message.role === "ROLE_AGENT" ? "assistant" : "user",
            content: answer.parts.map(fromPart),
          },
        ];
  const wanted = { ownerId, runId };
  const message = toMessage(request.message, facts);
  if (!(await shelf.keep(wanted, message))) return undefined;
  try {
    const agentRequest: AgentRequest = {
      ...agentRequestSchema.parse({ input: [...said, ...answer.decisions] }),
      id: runId,
      session_id: facts.contextId,
      user_id: userId ?? null,
      on_disconnect: beginning.onDisconnect,
      a2a: detailsOf(request, facts, beginning.card, caller),
    };
    const reader = waits ? signal : undefined;
    const key = await runs.start({ agent, request: agentRequest, hasNewId, identity, reader, traceparent });
    if (key.runId !== runId) await shelf.withdraw(wanted);
    return { key, message };
  } catch (thrown) {
    await shelf.withdraw(wanted);
    throw thrown;
  }
}

/** What the agent is told besides the message: the field `a2a` of its request. */
function detailsOf(
  { message, configuration, metadata }: SendRequest,
  { taskId, contextId }: TaskFacts,
  card: AgentCard,
  { extensions }: Caller,
): Record<string, unknown> {
  return {
    task_id: taskId,
    context_id: contextId,
    message_id: message.messageId,
    reference_task_ids: message.referenceTaskIds ?? [],
    accepted_output_modes: configuration?.acceptedOutputModes ?? [],
    extensions: activated(card, extensions),
    metadata: { ...metadata, ...message.metadata },
  };
}

/** The extensions that the client asks for and the agent has. */
export function activated({ capabilities }: AgentCard, asked: readonly string[]): readonly string[] {
  const known = new Set((capabilities.extensions ?? []).map(({ uri }) => uri));
  return asked.filter((uri) => known.has(uri));
}

function assertExtensions({ capabilities }: AgentCard, asked: readonly string[]): void {
  const missing = (capabilities.extensions ?? []).filter(
    ({ uri, required }) => required === true && !asked.includes(uri),
  );
  if (missing.length === 0) return;
  const uris = missing.map(({ uri }) => uri).join(", ");
  throw a2aError("EXTENSION_SUPPORT_REQUIRED", `Name these extensions in A2A-Extensions: ${uris}.`);
}

/** What the task waits to be told. Throws when it has ended. */
async function assertOpen(trail: TaskTrail, turns: readonly Turn[], shelf: TaskShelf): Promise<readonly Question[]> {
  const { taskId } = trail.facts;
  const last = turns.at(-1)?.response;
  if (last === undefined || !isTerminalStatus(last.status)) return [];
  const { status } = await shelf.taskOf(trail, turns);
  if (!isTerminalState(status.state)) return questionsIn(last);
  throw a2aError("UNSUPPORTED_OPERATION", `Task ${taskId} has ended: send the message without its taskId.`);
}

function toMessage(request: MessageRequest, { taskId, contextId }: TaskFacts): A2aMessage {
  const { messageId, role, metadata, extensions, referenceTaskIds } = request;
  const parts = request.parts.map(({ text, raw, url, metadata: about, filename, mediaType, ...data }) => ({
    ...(typeof text === "string" ? { text } : {}),
    ...(typeof raw === "string" ? { raw } : {}),
    ...(typeof url === "string" ? { url } : {}),
    ...data,
    ...(about === null || about === undefined ? {} : { metadata: about }),
    ...(typeof filename === "string" ? { filename } : {}),
    ...(typeof mediaType === "string" ? { mediaType } : {}),
  }));
  return {
    messageId,
    contextId,
    taskId,
    role,
    parts,
    ...(metadata === null || metadata === undefined ? {} : { metadata }),
    ...(extensions === null || extensions === undefined ? {} : { extensions }),
    ...(referenceTaskIds === null || referenceTaskIds === undefined ? {} : { referenceTaskIds }),
  };
}
