import { isRollback } from "@agentscope-runtime/core";
import type { AgentOutput, RunContext } from "@agentscope-runtime/core";
import { isObject } from "@agentscope-runtime/core/adapter";
import type { StreamingHandler } from "@agentscope-runtime/core/adapter";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, Message } from "@agentscope-runtime/protocol";
import { ToolMessage } from "@langchain/core/messages";
import type { Callbacks } from "@langchain/core/callbacks/manager";
import type { BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { Command } from "@langchain/langgraph";
import { fillerFor } from "./conversation.ts";
import { danglingCalls } from "./dangling-calls.ts";
import { readGraph } from "./from-lang-graph.ts";
import type { FromLangGraphOptions } from "./from-lang-graph.ts";
import { inlineCallbacks } from "./inline-callbacks.ts";
import type { AskedAction, GraphInterrupt } from "./interrupt.ts";
import { answersIn, checked, refusalText, resumeWith } from "./resume.ts";
import type { InterruptAnswer } from "./resume.ts";
import { StateCheckpointSaver } from "./state-checkpoint-saver.ts";
import { StreamReader } from "./stream-reader.ts";
import { toLangChainMessages } from "./to-lang-chain-messages.ts";
import type { ToLangChainMessagesOptions } from "./to-lang-chain-messages.ts";
import { toRunnableConfig } from "./to-runnable-config.ts";

/** What is used of a compiled graph. */
export interface LangGraphGraph {
  /** With one, the graph keeps the conversation itself, and can pause. */
  readonly checkpointer?: unknown;
  stream(input: never, config: never): Promise<AsyncIterable<unknown>>;
  getState(config: never): Promise<GraphState>;
}

/** What is used of an agent of `createAgent`. */
export interface LangChainAgent {
  readonly graph: { readonly checkpointer?: unknown; getState(config: never): Promise<GraphState> };
  stream(input: never, config: never): Promise<AsyncIterable<unknown>>;
}

/** What is read of a graph's state. */
export interface GraphState {
  readonly values: unknown;
  /** The nodes that would run next; none when the graph is done. */
  readonly next: readonly string[];
  readonly tasks: readonly { readonly interrupts?: readonly GraphInterrupt[] }[];
  readonly config: { readonly configurable?: Readonly<Record<string, unknown>> };
}

export interface LangGraphHandlerOptions
  extends Omit<FromLangGraphOptions, "messagesFrom">, ToLangChainMessagesOptions {
  /** What the graph is given for new messages. Default: `{ messages }`. */
  readonly input?: (messages: readonly BaseMessage[], request: AgentRequest) => unknown;
  /** More for the graph's config, such as `context`, `store` or `recursionLimit`. Default: `{ durability: "sync" }`. */
  readonly config?: (request: AgentRequest, context: RunContext) => Readonly<Record<string, unknown>>;
  /**
   * What a pause of the graph's own, one of `interrupt()`, goes on with when a person has answered. Default: true or false.
   * `humanInTheLoopMiddleware` gets its decisions in any case.
   */
  readonly resume?: (interrupt: GraphInterrupt, answer: InterruptAnswer) => unknown;
}

const streaming = { streamMode: ["messages", "updates", "custom", "tools"], subgraphs: true };

/** A step is kept before the next one begins: the call before its tool runs. Else a crash in there leaves no trace of it. */
const durable = { durability: "sync" };

/** The name of the question that a breakpoint asks. */
const breakpointName = "breakpoint";

/**
 * Serves a compiled graph, or an agent of `createAgent`.
 *
 * With a checkpointer the graph keeps the conversation, in the thread of the session, and gets what is new; without one it gets
 * the session's history with it. A pause ends the run with `approval.request`s; the run that a person's answers begin goes on
 * where it paused, `humanInTheLoopMiddleware` with a decision per call. A breakpoint asks too. When somebody speaks instead, or
 * when the process had died, calls without an answer get "No result: the run ended before the tool answered.", and the graph
 * begins anew with the message: no tool runs again by itself. A run that a later message replaces leaves no trace in a
 * `StateCheckpointSaver`.
 *
 * The stream becomes what `fromLangGraph` says, and its errors are the same. `invalid_argument` for messages that cannot be
 * carried, and for answers and new messages in one request; `conflict` for answers that nothing waits for.
 *
 * @example
 * ```ts
 * const agent = createAgent({ model, tools, checkpointer: new StateCheckpointSaver({ state }) });
 * const app = new AgentApp({ query: createLangGraphHandler(agent), services: { state } });
 * ```
 */
export function createLangGraphHandler(
  agent: LangGraphGraph | LangChainAgent,
  options: LangGraphHandlerOptions = {},
): StreamingHandler {
  const graph = "graph" in agent ? agent.graph : agent;
  return async function* query(request: AgentRequest, context: RunContext): AsyncGenerator<AgentOutput> {
    const config = configFor(options.config?.(request, context) ?? {}, context);
    // Config and input are of any form that the graph takes.
    const before = isKeeping(graph) ? await graph.getState(config as never) : undefined;
    const asking = { context, options };
    const input = before === undefined ? await wholeInput(request, asking) : nextInput(before, request, asking);
    const reader = new StreamReader(options);
    try {
      yield* readGraph(agent.stream(input as never, { ...config, ...streaming } as never), reader);
      if (reader.hasPaused && !reader.hasAsked) yield* breakpoint(await graph.getState(config as never));
    } finally {
      const { signal } = context;
      if (signal.aborted && isRollback(signal.reason) && before) await leaveNoTrace(graph, before, config);
    }
  };
}

/** The thread is as it was before the run. */
async function leaveNoTrace({ checkpointer }: Keeping, before: GraphState, config: RunnableConfig): Promise<void> {
  if (!(checkpointer instanceof StateCheckpointSaver)) return;
  const { checkpoint_id } = before.config.configurable ?? {};
  await checkpointer.rewind({ configurable: { ...config.configurable, checkpoint_id } });
}

interface Keeping {
  readonly checkpointer?: unknown;
}

interface Asking {
  readonly context: RunContext;
  readonly options: LangGraphHandlerOptions;
}

function isKeeping({ checkpointer }: Keeping): boolean {
  return typeof checkpointer === "object" && checkpointer !== null;
}

function configFor(own: Readonly<Record<string, unknown>>, context: RunContext): RunnableConfig {
  const ours = toRunnableConfig(context);
  const configurable = isObject(own["configurable"]) ? own["configurable"] : {};
  const callbacks = inlineCallbacks(own["callbacks"] as Callbacks | undefined); // As the graph would take them.
  return { ...durable, ...ours, ...own, configurable: { ...ours.configurable, ...configurable }, callbacks };
}

async function wholeInput(request: AgentRequest, { context, options }: Asking): Promise<unknown> {
  const { items } = await context.session.history();
  return newInput([...items, ...request.input], request, options);
}

function newInput(
  messages: readonly Message[],
  request: AgentRequest,
  options: LangGraphHandlerOptions,
  before: readonly BaseMessage[] = [],
): unknown {
  const converted = [...before, ...toLangChainMessages(messages, options)];
  return options.input === undefined ? { messages: converted } : options.input(converted, request);
}

function nextInput(state: GraphState, request: AgentRequest, { context, options }: Asking): unknown {
  const answers = answersIn(request.input);
  const spoken = request.input.filter(({ type }) => type !== "mcp_approval_response");
  if (answers.size > 0 && spoken.length > 0) {
    throw new RuntimeError("invalid_argument", "Answer approvals alone, and say the rest in a request of its own.");
  }
  if (answers.size > 0) return answeredInput(state, answers, { context, options });
  // Models refuse calls that dangle, and the tasks that would have answered them are dropped. One that is done, and of which no
  // checkpoint tells, is not among those that come next.
  const fillers = state.tasks.length > 0 ? danglingCalls(state.values).map(({ id, name }) => fillerFor(id, name)) : [];
  return newInput(spoken, request, options, fillers);
}

function answeredInput(
  state: GraphState,
  answers: ReadonlyMap<string, InterruptAnswer>,
  { context, options }: Asking,
): unknown {
  const interrupts = state.tasks.flatMap((task) => task.interrupts ?? []);
  const { isApproved } = context;
  const resume = resumeWith(interrupts, answers, { isApproved, resume: options.resume });
  if (Object.keys(resume).length > 0) return new Command({ resume });
  const [asked] = breakpointsOf(state);
  const answer = asked === undefined || interrupts.length > 0 ? undefined : answers.get(asked.id);
  if (asked === undefined || answer === undefined) {
    throw new RuntimeError("conflict", "Nothing waits for these answers any more: the conversation went on.");
  }
  const { approve, reason } = checked(asked, answer, { isApproved });
  if (approve) return null;
  const refusals = danglingCalls(state.values).map(
    ({ id, name }) => new ToolMessage({ content: refusalText(reason), tool_call_id: id, name, status: "error" }),
  );
  return { messages: refusals };
}

function* breakpoint(state: GraphState): Generator<AgentOutput> {
  for (const asked of breakpointsOf(state)) yield { type: "approval.request", ...asked };
}

/** What a breakpoint asks: whether the next nodes may run, with these calls. None when the graph is done. */
function breakpointsOf({ next, values, config }: GraphState): readonly AskedAction[] {
  const id = config.configurable?.["checkpoint_id"];
  if (next.length === 0 || typeof id !== "string") return [];
  const calls = danglingCalls(values).map(({ name, args }) => ({ name, args }));
  return [{ id, name: breakpointName, arguments: { next: [...next], calls } }];
}
