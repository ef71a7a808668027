import type { Message as AgUiMessage } from "@ag-ui/core";
import type { RunDoor } from "@agentscope-runtime/core";
import type { Message } from "@agentscope-runtime/protocol";
import { functionCallOutputSchema, functionCallSchema } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import { agentCallId } from "./call-ids.ts";
import type { RunInput } from "./run-input.ts";
import type { Thread } from "./thread.ts";
import { dataOf } from "./to-messages.ts";

export interface NewMessages {
  /** What the run is asked. */
  readonly messages: readonly AgUiMessage[];
  /** Whether the app keeps the thread. If not, the agent is shown all of it each time. */
  readonly kept: boolean;
}

/** So much of a session is looked at. What the client has and the agent said is known without. */
const recentMessages = 200;

/**
 * A client sends its whole history each time. New is what stands behind everything that the session has or the agent said,
 * and, wherever it stands, an answer to a call that waits for one. All is new of a thread that nobody has used yet, and of
 * every thread when the app keeps no sessions.
 */
export async function newMessages(
  { messages, runId }: RunInput,
  { thread, runs, signal }: { readonly thread: Thread; readonly runs: RunDoor } & CallOptions,
): Promise<NewMessages> {
  const page = await runs.sessions?.read(thread, { limit: recentMessages, signal });
  if (page === undefined) return { messages, kept: false };
  if (page.items.length === 0 && !(await hasOtherRuns(runs, thread, { runId, signal })))
    return { messages, kept: true };
  const known = new Set(page.items.map(({ id }) => id));
  const waiting = waitingCalls(page.items);
  const last = messages.findLastIndex(({ id, role }) => known.has(id) || role === "assistant" || role === "reasoning");
  const fresh = messages.flatMap((message, index): readonly AgUiMessage[] => {
    if (known.has(message.id)) return [];
    if (message.role !== "tool") return index > last ? [message] : [];
    const toolCallId = agentCallId(message.toolCallId, waiting);
    return index > last || waiting.has(toolCallId) ? [{ ...message, toolCallId }] : [];
  });
  return { messages: fresh, kept: true };
}

/** An earlier run of a thread may still be at work, or may have said nothing: then the thread is not new. */
async function hasOtherRuns(
  runs: RunDoor,
  { ownerId, userId, sessionId }: Thread,
  { runId, signal }: { readonly runId: string } & CallOptions,
): Promise<boolean> {
  const { items } = await runs.list(ownerId, { sessionId, limit: 2, signal });
  return items.some((run) => run.runId !== runId && run.userId === userId);
}

/** The calls that a client has been asked to make and has not answered. */
function waitingCalls(messages: readonly Message[]): ReadonlySet<string> {
  const waiting = new Set<string>();
  for (const { type, content } of messages) {
    if (type === "function_call") {
      const call = dataOf(content ?? [], functionCallSchema);
      if (typeof call?.call_id === "string") waiting.add(call.call_id);
    } else if (type === "function_call_output") {
      waiting.delete(dataOf(content ?? [], functionCallOutputSchema)?.call_id ?? "");
    }
  }
  return waiting;
}
