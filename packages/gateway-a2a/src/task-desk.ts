import { lastEntry } from "@agentscope-runtime/core";
import type { RunDoor } from "@agentscope-runtime/core";
import { isTerminalStatus } from "@agentscope-runtime/protocol";
import type { AgentResponse, OnDisconnect } from "@agentscope-runtime/protocol";
import { a2aError } from "./a2a-error.ts";
import type { AgentCard } from "./agent-card.ts";
import { beginTask } from "./begin-task.ts";
import type { BegunTask } from "./begin-task.ts";
import type { Caller } from "./caller.ts";
import { followRun } from "./follow-run.ts";
import { listTasks } from "./list-tasks.ts";
import type { TaskPage } from "./list-tasks.ts";
import type { ProtocolVersion } from "./protocol-version.ts";
import type { PushDesk } from "./push-desk.ts";
import type { GetTaskRequest, ListTasksRequest, MessageRequest, SendRequest } from "./request-schemas.ts";
import type { TaskShelf, TaskTrail } from "./task-shelf.ts";
import { announceTurn, followTask } from "./follow-task.ts";
import { isTerminalState } from "./task.ts";
import type { A2aMessage, A2aTask, SendResult, StreamEvent } from "./task.ts";
import { isArtifact, partsOf, questionsIn, toTask } from "./to-task.ts";

/** Whether a message is answered by a task, or by a message alone. */
export type ReplyKind = "task" | "message";

export interface TaskDeskOptions {
  readonly runs: RunDoor;
  readonly shelf: TaskShelf;
  readonly push: PushDesk | undefined;
  readonly showWork: boolean;
  readonly onDisconnect: OnDisconnect;
  readonly replyKind: (message: MessageRequest) => ReplyKind;
}

export interface MessageContext {
  readonly card: AgentCard;
  /** In whose words the client's push notifications are. */
  readonly version: ProtocolVersion;
}

type Batches = AsyncIterable<readonly StreamEvent[]>;

/** What clients may do with messages and tasks, in the words of A2A 1.0 and of no binding. */
export class TaskDesk {
  readonly #options: TaskDeskOptions;

  constructor(options: TaskDeskOptions) {
    this.#options = options;
  }

  /** Waits for the task to end, or to need its client, unless it is told not to. */
  async send(request: SendRequest, caller: Caller, { card, version }: MessageContext): Promise<SendResult> {
    const { shelf } = this.#options;
    const { returnImmediately, historyLength } = request.configuration ?? {};
    const waits = returnImmediately !== true;
    const begun = await this.#begin(request, caller, { card, version, waits });
    if (!waits) return { task: this.#begunTask(begun, historyLength) };
    const response = await this.#end(begun, caller);
    if (this.#isMessage(request, response)) return { message: toMessage(begun, response) };
    if (begun.key.runId !== begun.facts.taskId) {
      const trail = await shelf.find(begun.facts.taskId, caller);
      return { task: await shelf.task(trail, { historyLength: historyLength ?? undefined }) };
    }
    const { showWork } = this.#options;
    const view = { showWork, historyLength: historyLength ?? undefined };
    return { task: toTask(begun.facts, [...begun.before, { message: begun.message, response }], view) };
  }

  /** Resolves once the run has begun; the events end with the run. */
  async stream(request: SendRequest, caller: Caller, { card, version }: MessageContext): Promise<Batches> {
    const { runs, showWork } = this.#options;
    const begun = await this.#begin(request, caller, { card, version, waits: true });
    if (this.#options.replyKind(request.message) === "message") return this.#messageStream(request, begun, caller);
    const task = this.#begunTask(begun, request.configuration?.historyLength, true);
    return followRun({ runs, key: begun.key, facts: begun.facts, showWork, signal: caller.signal, first: [{ task }] });
  }

  async get({ id, historyLength }: GetTaskRequest, caller: Caller): Promise<A2aTask> {
    const { shelf } = this.#options;
    return shelf.task(await shelf.find(id, caller), { historyLength: historyLength ?? undefined });
  }

  async list(request: ListTasksRequest, caller: Caller): Promise<TaskPage> {
    return listTasks(request, caller, this.#options);
  }

  /** Answers when the agent has stopped. */
  async cancel(taskId: string, caller: Caller): Promise<A2aTask> {
    const { runs, shelf, push } = this.#options;
    const trail = await shelf.find(taskId, caller);
    const underWay = trail.runs.filter(({ status }) => !isTerminalStatus(status));
    if (underWay.length === 0) {
      await this.#cancelWaiting(trail);
      const key = { ownerId: caller.ownerId, taskId };
      await announceTurn(runs.topic, key, null);
      const task = await shelf.task(trail);
      push?.tell(caller.agent, key, task);
      return task;
    }
    // Those that wait their turn first, so that none of them begins meanwhile.
    for (const { ownerId, runId } of underWay.toReversed()) {
      await runs.cancel({ ownerId, runId }, { signal: caller.signal });
    }
    const task = await shelf.task(await shelf.find(taskId, caller));
    if (task.status.state === "TASK_STATE_CANCELED") return task;
    throw notCancelable(task);
  }

  /** Resolves when the task is found; the events begin with the task as it is, and end when it does. */
  async subscribe(taskId: string, caller: Caller): Promise<Batches> {
    const { runs, shelf, showWork } = this.#options;
    const trail = await shelf.find(taskId, caller);
    const { status } = await shelf.task(trail, { historyLength: 0 });
    if (isTerminalState(status.state)) {
      throw a2aError("UNSUPPORTED_OPERATION", `Task ${taskId} has ended: there is nothing to follow.`);
    }
    return followTask({ runs, shelf, taskId, caller, showWork });
  }

  /** Tells those who have asked for it what becomes of a task from now on. */
  async watch(taskId: string, caller: Caller): Promise<void> {
    const { shelf, push } = this.#options;
    const { facts, runs } = await shelf.find(taskId, caller);
    for (const { ownerId, runId, status } of runs) {
      if (!isTerminalStatus(status)) await push?.watch({ agent: caller.agent, key: { ownerId, runId }, facts });
    }
  }

  async #cancelWaiting(trail: TaskTrail): Promise<void> {
    const task = await this.#options.shelf.task(trail);
    if (isTerminalState(task.status.state)) throw notCancelable(task);
    await this.#options.shelf.markCanceled(trail);
  }

  async #begin(
    request: SendRequest,
    caller: Caller,
    { card, version, waits }: MessageContext & { readonly waits: boolean },
  ): Promise<BegunTask> {
    const { runs, shelf, push, onDisconnect } = this.#options;
    const config = request.configuration?.taskPushNotificationConfig ?? undefined;
    if (config !== undefined) push?.assertAllowed(config);
    const begun = await beginTask(request, caller, { runs, shelf, card, waits, onDisconnect });
    const { ownerId } = begun.key;
    const { taskId } = begun.facts;
    if (config !== undefined) await push?.create({ ownerId, taskId }, config, version);
    if (config !== undefined || begun.before.length > 0) await push?.watch({ ...begun, agent: caller.agent });
    if (begun.before.length > 0) await announceTurn(runs.topic, { ownerId, taskId }, begun.key.runId);
    return begun;
  }

  /** Of a task whose turn has just begun. */
  #begunTask(
    { facts, before, message, key }: BegunTask,
    historyLength: number | null | undefined,
    streamed = false,
  ): A2aTask {
    const response = newResponse(key.runId, facts.contextId);
    const { showWork } = this.#options;
    const view = { showWork, historyLength: historyLength ?? undefined, streamed };
    return toTask(facts, [...before, { message, response }], view);
  }

  async #end({ key }: BegunTask, { signal }: Caller): Promise<AgentResponse> {
    const { data } = await lastEntry(this.#options.runs.read(key, { follow: true, signal }));
    return JSON.parse(data) as AgentResponse; // The last event of a run is one.
  }

  async *#messageStream(request: SendRequest, begun: BegunTask, caller: Caller): Batches {
    const response = await this.#end(begun, caller);
    if (this.#isMessage(request, response)) yield [{ message: toMessage(begun, response) }];
    else {
      const turns = [...begun.before, { message: begun.message, response }];
      yield [{ task: toTask(begun.facts, turns, { showWork: this.#options.showWork }) }];
    }
  }

  /** Only what was done without a question can be told without a task. */
  #isMessage({ message }: SendRequest, response: AgentResponse): boolean {
    if (this.#options.replyKind(message) !== "message") return false;
    return response.status === "completed" && questionsIn(response).length === 0;
  }
}

function toMessage({ facts }: BegunTask, { id, output }: AgentResponse): A2aMessage {
  const parts = (output ?? []).filter(isArtifact).flatMap(partsOf);
  return {
    messageId: `${id}-reply`,
    contextId: facts.contextId,
    role: "ROLE_AGENT",
    parts: parts.length === 0 ? [{ text: "" }] : parts,
  };
}

function newResponse(runId: string, sessionId: string): AgentResponse {
  return {
    sequence_number: null,
    object: "response",
    status: "queued",
    error: null,
    id: runId,
    created_at: Math.floor(Date.now() / 1000),
    completed_at: null,
    output: null,
    usage: null,
    session_id: sessionId,
    incomplete_details: null,
  };
}

function notCancelable({ id, status }: A2aTask): Error {
  return a2aError("TASK_NOT_CANCELABLE", `Task ${id} has ended: ${status.state}.`);
}
