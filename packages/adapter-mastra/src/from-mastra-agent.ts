import type { AgentOutput, RunContext, RunSession } from "@agentscope-runtime/core";
import type { StreamingHandler } from "@agentscope-runtime/core/adapter";
import { mcpApprovalResponseSchema, parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, McpApprovalResponse, Message } from "@agentscope-runtime/protocol";
import { assertOwn, newRunId, parseApprovalId } from "./approval-id.ts";
import type { WaitingCall } from "./approval-id.ts";
import { fromMastra } from "./from-mastra.ts";
import type { FromMastraOptions, MastraResult } from "./from-mastra.ts";
import type { MastraMessage } from "./mastra-message.ts";
import { toMastraMessages } from "./to-mastra-messages.ts";

/** Where Mastra's memory keeps a conversation. */
export interface MastraThread {
  readonly thread: string;
  readonly resource: string;
}

/** What is said to Mastra with each run; `options` of yours are added. */
export interface MastraRunOptions {
  readonly runId: string;
  readonly abortSignal: AbortSignal;
  readonly memory?: MastraThread;
}

export interface MastraResumeOptions extends MastraRunOptions {
  readonly toolCallId: string;
}

/** What is used of an agent: `Agent` of `@mastra/core/agent` has it. */
export interface MastraAgent {
  stream(messages: MastraMessage[], options: MastraRunOptions): Promise<MastraResult>;
  resumeStream(resumeData: unknown, options: MastraResumeOptions): Promise<MastraResult>;
}

export interface FromMastraAgentOptions extends FromMastraOptions {
  /**
   * Has the agent's own memory keep the conversation, in this thread: `mastraThread`, or yours. Without it the runtime does: the
   * agent is given the newest messages of the session, and needs no memory.
   */
  readonly thread?: (session: RunSession) => MastraThread;
  /** What else `stream` and `resumeStream` are told, such as `maxSteps`, `requestContext` or `clientTools`. */
  readonly options?: (request: AgentRequest, context: RunContext) => object;
}

/**
 * Serves an agent of Mastra's: a query handler that runs it, and that goes on where it waits for a person once the answer is there,
 * in whatever process. For that the agent has to belong to a `Mastra` whose storage outlives the process.
 *
 * @example
 * ```ts
 * const app = new AgentApp({ query: fromMastraAgent(mastra.getAgent("assistant")), services });
 * ```
 */
export function fromMastraAgent(agent: MastraAgent, options: FromMastraAgentOptions = {}): StreamingHandler {
  return async function* (request, context) {
    const { signal, session } = context;
    const memory = options.thread?.(session);
    const told = { ...options.options?.(request, context), abortSignal: signal, ...(memory && { memory }) };
    const answers = answersIn(request.input);
    if (answers.length > 0) {
      yield* resumed(agent, { answers, session, told, clientTools: options.clientTools ?? [] });
      return;
    }
    const history = memory === undefined ? (await session.history()).items : [];
    const messages = toMastraMessages([...history, ...request.input]);
    yield* fromMastra(agent.stream(messages, { ...told, runId: newRunId(session) }), options);
  };
}

/** The thread of a session: Mastra's threads are everybody's, so the user's id is in its name. */
export function mastraThread({ id, userId }: Pick<RunSession, "id" | "userId">): MastraThread {
  return { thread: `${encodeURIComponent(userId)}:${encodeURIComponent(id)}`, resource: userId };
}

interface Answer extends WaitingCall {
  readonly approved: boolean;
  readonly reason: string | null;
}

interface Resumption {
  readonly answers: readonly Answer[];
  readonly session: RunSession;
  readonly told: Omit<MastraRunOptions, "runId">;
  readonly clientTools: readonly string[];
}

/** One after another: each answer brings the agent to its next question, or to its end. */
async function* resumed(
  agent: MastraAgent,
  { answers, session, told, clientTools }: Resumption,
): AsyncGenerator<AgentOutput> {
  for (const { approved, reason, ...waiting } of answers) {
    assertOwn(session, waiting);
    const resumeData = { approved, ...(reason !== null && { reason }) };
    yield* fromMastra(agent.resumeStream(resumeData, { ...told, ...waiting }), { clientTools });
  }
}

/** What people have answered to questions of an agent of Mastra's. */
function answersIn(input: readonly Message[]): Answer[] {
  return input.flatMap(({ type, content }, index) =>
    type === "mcp_approval_response" ? (content ?? []).flatMap((part) => answerIn(part, index)) : [],
  );
}

function answerIn(part: NonNullable<Message["content"]>[number], index: number): Answer[] {
  if (part.type !== "data" || part.data === null) return [];
  const response: McpApprovalResponse = parse(
    mcpApprovalResponseSchema,
    part.data,
    `input.${index} (mcp_approval_response)`,
  );
  const waiting = parseApprovalId(response.approval_request_id);
  if (waiting === undefined) {
    const message = `No agent of Mastra's waits for the approval ${response.approval_request_id}.`;
    throw new RuntimeError("not_found", message);
  }
  return [{ ...waiting, approved: response.approve, reason: response.reason }];
}
