import type { AgentOutput } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { EventReader } from "./event-reader.ts";
import { endingOf, fromOpenAIAgentsError, isModelBehavior, refusalOf } from "./from-openai-agents-error.ts";
import type { AgentsRun, AgentsRunState, RunEvent } from "./run-event.ts";
import { beyond, nothingSpent, plus } from "./to-usage.ts";
import type { Spent } from "./to-usage.ts";

export interface FromOpenAIAgentsOptions<State extends AgentsRunState = AgentsRunState> {
  /** Told the state of a run that waits for people, before they are asked. Keep it here: `state.toString()`. */
  readonly onPause?: (state: State) => Promise<void>;
  /** What the state of a run that goes on had spent before: it is not told again. Default nothing. */
  readonly spentBefore?: Spent;
}

/**
 * Turns what `run(agent, input, { stream: true })` of the OpenAI Agents SDK returns, or its promise, into what a `queryHandler` yields.
 *
 * Everything keeps the SDK's order. Reasoning and arguments come as the model writes them where it streams its provider's events
 * (Responses, chat completions, models of the AI SDK), else when they are whole. A handoff is a call; what the agents after it say has
 * their name in its message's metadata, as `agent`. A run that waits for people asks for its approvals at the end. `maxTurns` and
 * guardrails that trip end it incomplete: `max_turns`, `input_guardrail`, `output_guardrail`, `tool_input_guardrail` or
 * `tool_output_guardrail`; so does a model at its limit.
 *
 * Throws a RuntimeError without the provider's words: see `fromModelError`. Leaving the loop early stops the run; hand `run` the
 * `signal` too, to stop it while nobody reads. Either way the loop is left when the model and the tools have stopped.
 *
 * @example
 * ```ts
 * const query = ({ input }, { signal }) =>
 *   fromOpenAIAgents(runner.run(agent, toAgentInputItems(input), { stream: true, signal }));
 * ```
 */
export function fromOpenAIAgents<State extends AgentsRunState = AgentsRunState>(
  run: AgentsRun<State> | PromiseLike<AgentsRun<State>>,
  options: FromOpenAIAgentsOptions<State> = {},
): AsyncGenerator<AgentOutput> {
  const started = Promise.resolve(run);
  // It may fail before anybody reads, or nobody may ever read; who reads gets the failure.
  started.catch(() => undefined);
  return outputs(started, options);
}

const keepQueue = "_preserveQueuedItemsOnError";

async function* outputs<State extends AgentsRunState>(
  started: Promise<AgentsRun<State>>,
  { onPause, spentBefore = nothingSpent }: FromOpenAIAgentsOptions<State>,
): AsyncGenerator<AgentOutput> {
  const run = await begun(started);
  const reader = new EventReader();
  try {
    keepAll(run);
    for await (const event of run) {
      // The SDK's word: an event with one of our types has our fields. Others fall through the reader.
      // Not `yield*`, which waits several times for each output of a generator that is not async.
      for (const output of reader.read(event as RunEvent)) yield output;
    }
  } catch (thrown) {
    yield* spent(run, reader, spentBefore);
    yield* broken(thrown, reader);
    return;
  } finally {
    // A run that nobody reads any more goes on until its tools have stopped.
    await run.completed.catch(() => undefined);
  }
  if (run.cancelled) throw new RuntimeError("canceled", "The operation was canceled.");
  yield* spent(run, reader, spentBefore);
  if (run.interruptions.length > 0) {
    await onPause?.(run.state);
    yield* reader.ask(run.interruptions);
  } else if (reader.stop !== undefined) yield { type: "incomplete", reason: reader.stop };
}

async function begun<State extends AgentsRunState>(started: Promise<AgentsRun<State>>): Promise<AgentsRun<State>> {
  try {
    return await started;
  } catch (thrown) {
    throw fromOpenAIAgentsError(thrown);
  }
}

/**
 * A failure makes the SDK throw away what was said before it and has not been read yet. It has a method against that, for itself;
 * without it, nothing else changes.
 */
function keepAll(run: AgentsRun & { readonly [keepQueue]?: () => void }): void {
  run[keepQueue]?.();
}

/** Agents that are tools spend too, and no event tells of it. */
function* spent(run: AgentsRun, reader: EventReader, before: Spent): Generator<AgentOutput> {
  const rest = beyond(run.state.usage, plus(before, reader.spent));
  if (rest !== undefined) yield { type: "usage", usage: rest };
}

function* broken(thrown: unknown, reader: EventReader): Generator<AgentOutput> {
  const refusal = refusalOf(thrown);
  if (refusal !== undefined) {
    yield* reader.refuse(refusal);
    return;
  }
  const reason = endingOf(thrown) ?? (isModelBehavior(thrown) ? reader.stop : undefined);
  if (reason === undefined) throw fromOpenAIAgentsError(thrown);
  yield { type: "incomplete", reason };
}
