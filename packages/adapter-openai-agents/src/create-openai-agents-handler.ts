import type { AgentOutput, RunContext } from "@agentscope-runtime/core";
import { denialText } from "@agentscope-runtime/core/adapter";
import type { StreamingHandler } from "@agentscope-runtime/core/adapter";
import { mcpApprovalResponseSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, Message } from "@agentscope-runtime/protocol";
import type { AgentItem } from "./agent-item.ts";
import { askedOf } from "./asked-approval.ts";
import { fromOpenAIAgents } from "./from-openai-agents.ts";
import { keepPause, loadPause, takePause } from "./kept-pause.ts";
import type { AgentsRun, AgentsRunState } from "./run-event.ts";
import { toAgentInputItems } from "./to-agent-input-items.ts";

/** How one run of an agent begins and goes on. */
export interface OpenAIAgentsRunner<State extends AgentsRunState> {
  /** Reads the state of a run that has waited for people: `(text) => RunState.fromString(agent, text)`. */
  readonly restore: (text: string) => Promise<State>;
  /** `(input) => runner.run(agent, input, { stream: true, signal })`. */
  readonly run: (input: AgentItem[] | State) => Promise<AgentsRun<State>>;
}

export interface OpenAIAgentsHandlerOptions {
  /** So many messages of the session's history are shown to the agent before the request's. Default 50, at the most 1,000. */
  readonly historyLimit?: number;
}

interface Answer {
  readonly approve: boolean;
  readonly reason: string | undefined;
}

const wentOn = "The call was not run: the conversation went on without an answer to it.";

/**
 * Serves agents of the OpenAI Agents SDK: a query handler around `Runner.run`, called anew for each run, so that agent and tools may be
 * made for it.
 *
 * - The conversation is the app's own session history. Do not give the SDK a session of the same id.
 * - A tool with `needsApproval` asks for an approval. The SDK's `RunState` is kept in the app's `state`, and whichever process gets
 *   the answer goes on from there, once. Whoever sends a message instead has refused what was asked.
 * - Only calls are run that the app knows to be allowed: what a caller claims of them does not count.
 *
 * @example
 * ```ts
 * const runner = new Runner({ tracingDisabled: true });
 * const app = new AgentApp({
 *   services: { sessions, state },
 *   query: createOpenAIAgentsHandler(({ signal }) => ({
 *     restore: (text) => RunState.fromString(agent, text),
 *     run: (input) => runner.run(agent, input, { stream: true, signal }),
 *   })),
 * });
 * ```
 */
export function createOpenAIAgentsHandler<State extends AgentsRunState>(
  begin: (context: RunContext, request: AgentRequest) => OpenAIAgentsRunner<State> | Promise<OpenAIAgentsRunner<State>>,
  { historyLimit: limit = 50 }: OpenAIAgentsHandlerOptions = {},
): StreamingHandler {
  return async function* (request, context): AsyncGenerator<AgentOutput> {
    const { restore, run } = await begin(context, request);
    const onPause = async (state: State): Promise<void> => keepPause(context, state.toString());
    const paused = await resumed(restore, request, context);
    if (paused !== undefined) {
      const { inputTokens, outputTokens, totalTokens } = paused.usage;
      yield* fromOpenAIAgents(run(paused), { onPause, spentBefore: { inputTokens, outputTokens, totalTokens } });
      return;
    }
    const history = limit === 0 ? [] : await historyOf(context, limit);
    yield* fromOpenAIAgents(run(toAgentInputItems([...history, ...request.input])), { onPause });
  };
}

/** The state that waits for what the request says; undefined when nothing waits. */
async function resumed<State extends AgentsRunState>(
  restore: (text: string) => Promise<State>,
  request: AgentRequest,
  context: RunContext,
): Promise<State | undefined> {
  const pause = await loadPause(context);
  const answers = answersIn(request.input);
  if (pause === undefined) return undefined;
  const said = toAgentInputItems(request.input);
  if (answers.size === 0 && said.length === 0) return undefined;
  const state = await restored(restore, pause.state, context);
  if (!(await takePause(context, pause))) {
    throw new RuntimeError("conflict", "Another run of this session goes on with what was asked.");
  }
  if (state === undefined) {
    if (answers.size === 0) return undefined;
    throw new RuntimeError("unavailable", "The agent has changed since it asked: send your message again.");
  }
  decide(state, { answers, isGoingOn: said.length > 0, isApproved: context.isApproved });
  if (said.length > 0) state.addInput(said);
  return state;
}

/** The agent may have other tools, or the SDK another version, than when the state was written. */
async function restored<State extends AgentsRunState>(
  restore: (text: string) => Promise<State>,
  text: string,
  { logger }: RunContext,
): Promise<State | undefined> {
  try {
    return await restore(text);
  } catch (thrown) {
    logger.warn({ err: thrown }, "The state of a run that waited for people cannot be read any more.");
    return undefined;
  }
}

interface Decisions {
  readonly answers: ReadonlyMap<string, Answer>;
  /** Whoever asked says something else. */
  readonly isGoingOn: boolean;
  readonly isApproved: RunContext["isApproved"];
}

function decide(state: AgentsRunState, { answers, isGoingOn, isApproved }: Decisions): void {
  for (const approval of state.getInterruptions()) {
    const { id, name, arguments: text } = askedOf(approval);
    const answer = answers.get(id);
    const own = approval as never; // It is the state's own.
    if (answer?.approve === true && isApproved(name, text)) state.approve(own);
    else if (answer !== undefined) state.reject(own, { message: refusal(answer) });
    else if (isGoingOn) state.reject(own, { message: wentOn });
  }
}

function refusal({ approve, reason }: Answer): string {
  if (approve) return "The call was not allowed.";
  return denialText(reason);
}

function answersIn(input: readonly Message[]): ReadonlyMap<string, Answer> {
  const answers = input.flatMap(({ type, content }) => {
    if (type !== "mcp_approval_response") return [];
    return (content ?? []).flatMap((part) => {
      const { data } = mcpApprovalResponseSchema.safeParse(part.type === "data" ? part.data : undefined);
      if (data === undefined) return [];
      return [[data.approval_request_id, { approve: data.approve, reason: data.reason ?? undefined }] as const];
    });
  });
  return new Map(answers);
}

async function historyOf({ session }: RunContext, limit: number): Promise<readonly Message[]> {
  try {
    return (await session.history({ limit })).items;
  } catch (thrown) {
    if (RuntimeError.is(thrown) && thrown.code === "unimplemented") return [];
    throw thrown;
  }
}
