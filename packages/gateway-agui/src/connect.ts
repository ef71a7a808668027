import { EventType, PROTOCOL_VERSION } from "@ag-ui/core";
import type { Event, Interrupt, Message as AgUiMessage } from "@ag-ui/core";
import { eventOf } from "@agentscope-runtime/core";
import type { RunDoor } from "@agentscope-runtime/core";
import { foldEvents, isTerminalStatus } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import type { RunRecord } from "@agentscope-runtime/services";
import { followRun, messagesSnapshot } from "./follow-run.ts";
import { Narration } from "./narration.ts";
import type { RunInput } from "./run-input.ts";
import type { Thread } from "./thread.ts";
import { endingError } from "./to-error-reply.ts";
import { toMessages } from "./to-messages.ts";

export interface Connection {
  readonly runs: RunDoor;
  readonly thread: Thread;
  readonly signal: AbortSignal;
}

/** The most messages that a snapshot holds, and the most runs that are looked for on a thread. */
const mostMessages = 1_000;
const mostRuns = 100;

/**
 * Brings a client up to date with its thread: all messages as a snapshot, then what is under way, live and to its end. A
 * thread at rest ends at once; if its last run waits for answers, with these as interrupts.
 */
export async function connect(
  input: RunInput,
  connection: Connection,
): Promise<AsyncGenerator<readonly Event[], void, undefined>> {
  const { runs, thread, signal } = connection;
  const { ownerId, sessionId, userId } = thread;
  const recent = await runs.list(ownerId, { sessionId, limit: mostRuns, signal });
  const own = recent.items.filter((run) => run.userId === userId);
  const unfinished = own.filter(({ status }) => !isTerminalStatus(status)).toReversed();
  const before = await messagesBefore(input, { ...connection, isBusy: unfinished.length > 0 });
  if (unfinished.length === 0) return atRest(input, { before, interrupts: await interruptsOf(own[0], connection) });
  return underWay(unfinished, { ...connection, before: before ?? [] });
}

/**
 * What was said before the run that is under way: the session's messages, and behind them those of the client that are on
 * their way. Without sessions, the client's. Undefined when there is nothing to be said about it.
 */
async function messagesBefore(
  { messages }: RunInput,
  { runs, thread, signal, isBusy }: Connection & { readonly isBusy: boolean },
): Promise<readonly AgUiMessage[] | undefined> {
  const page = await runs.sessions?.read(thread, { limit: mostMessages, signal });
  if (page === undefined) return isBusy ? messages : undefined;
  const kept = toMessages(page.items);
  if (!isBusy) return kept;
  const known = new Set(page.items.map(({ id }) => id));
  return [...kept, ...messages.slice(messages.findLastIndex(({ id }) => known.has(id)) + 1).filter(isOwn)];
}

/** Whether a message is the client's own, and not what it has from a run. */
function isOwn({ role }: AgUiMessage): boolean {
  return role !== "assistant" && role !== "reasoning" && role !== "activity";
}

/** The questions of a run that nobody has answered. */
async function interruptsOf(run: RunRecord | undefined, { runs, signal }: Connection): Promise<readonly Interrupt[]> {
  if (run?.status !== "completed") return [];
  const pending = await runs.pendingApprovals(run, { signal });
  if (pending.length === 0) return [];
  const narration = new Narration({ threadId: run.sessionId, runId: run.runId, before: [] });
  let asked: readonly Interrupt[] = [];
  for await (const batch of runs.read(run, { signal })) {
    for (const event of batch.flatMap((entry) => narration.tell(eventOf(entry)))) {
      if (event.type === EventType.RUN_FINISHED && event.outcome?.type === "interrupt")
        asked = event.outcome.interrupts;
    }
  }
  return asked.filter(({ id }) => pending.includes(id.slice(run.runId.length + 1)));
}

type Joining = Connection & { readonly before: readonly AgUiMessage[] };

/** Runs of a thread take turns: the first is joined where it is, the others follow from their beginnings. */
async function* underWay(
  [live, ...waiting]: readonly RunRecord[],
  joining: Joining,
): AsyncGenerator<readonly Event[], void, undefined> {
  if (live !== undefined) yield* join(live, joining);
  const { runs, signal } = joining;
  for (const run of waiting) {
    const narration = new Narration({ threadId: run.sessionId, runId: run.runId, before: [] });
    yield* followRun({ runs, key: run, narration, before: [], signal });
  }
}

/** What the run has said so far is in the snapshot; a message that is being said goes on behind it. */
async function* join(
  run: RunRecord,
  { runs, signal, before }: Joining,
): AsyncGenerator<readonly Event[], void, undefined> {
  const { sessionId: threadId, runId } = run;
  const past: AgentEvent[] = [];
  let after: number | undefined;
  try {
    for await (const batch of runs.read(run, { signal })) {
      past.push(...batch.map(eventOf));
      after = batch.at(-1)?.sequence;
    }
  } catch (thrown) {
    yield [endingError(thrown)];
    return;
  }
  const said = new Set(foldEvents(past)?.output?.map(({ id }) => id));
  const earlier = before.filter(({ id }) => !said.has(id)); // A client that comes back has some of it.
  const narration = new Narration({ threadId, runId, before: earlier });
  const told = past.flatMap((event) => narration.tell(event));
  narration.takeMisspoke(); // The snapshot has it right.
  yield [
    { type: EventType.RUN_STARTED, threadId, runId, protocolVersion: PROTOCOL_VERSION },
    messagesSnapshot(earlier, past),
    ...values(told),
    ...narration.reopen(),
    ...told.filter(isEnd),
  ];
  for await (const events of followRun({ runs, key: run, narration, before: earlier, after, signal })) {
    yield events.filter(({ type }) => type !== EventType.RUN_STARTED);
  }
}

/** State and activities: of each the last snapshot, and what has changed it since. */
function values(told: readonly Event[]): Event[] {
  const found = new Map<string, Event[]>();
  for (const event of told) {
    if (event.type === EventType.STATE_SNAPSHOT) found.set("state", [event]);
    else if (event.type === EventType.STATE_DELTA) found.get("state")?.push(event);
    else if (event.type === EventType.ACTIVITY_SNAPSHOT) found.set(`activity ${event.messageId}`, [event]);
    else if (event.type === EventType.ACTIVITY_DELTA) found.get(`activity ${event.messageId}`)?.push(event);
  }
  return [...found.values()].flat();
}

function isEnd({ type }: Event): boolean {
  return type === EventType.RUN_FINISHED || type === EventType.RUN_ERROR;
}

async function* atRest(
  { threadId, runId }: RunInput,
  {
    before,
    interrupts,
  }: { readonly before: readonly AgUiMessage[] | undefined; readonly interrupts: readonly Interrupt[] },
): AsyncGenerator<readonly Event[], void, undefined> {
  const outcome =
    interrupts.length > 0 ? { type: "interrupt" as const, interrupts: [...interrupts] } : { type: "success" as const };
  yield [
    { type: EventType.RUN_STARTED, threadId, runId, protocolVersion: PROTOCOL_VERSION },
    ...(before === undefined ? [] : [messagesSnapshot(before, [])]),
    { type: EventType.RUN_FINISHED, threadId, runId, outcome },
  ];
}
