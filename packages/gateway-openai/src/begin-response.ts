import { ownerOf } from "@agentscope-runtime/core";
import type { Identity, RunDoor } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { MessageInput } from "@agentscope-runtime/protocol";
import type { RunKey } from "@agentscope-runtime/services";
import { toInputItems } from "./input-item.ts";
import type { InputItem } from "./input-item.ts";
import { itemId } from "./item-id.ts";
import { chooseAgent } from "./models.ts";
import type { ResponseContext, ResponseContexts } from "./response-context.ts";
import { askedOf, toAgentRequest } from "./response-request.ts";
import type { ResponseRequest } from "./response-request.ts";
import type { ResponseFacts } from "./response-resource.ts";
import { newRunId, toNote } from "./response-shelf.ts";
import { toMessages } from "./to-messages.ts";

/** Where runs begin, and what they go on from. */
export interface ResponseSource {
  readonly runs: RunDoor;
  readonly contexts: Pick<ResponseContexts, "of" | "resolve">;
}

export interface ResponseCaller {
  readonly identity: Identity | undefined;
  /** Aborts when the caller hangs up. */
  readonly signal: AbortSignal;
  readonly traceparent: string | undefined;
}

export interface BegunResponse {
  readonly key: RunKey;
  readonly facts: ResponseFacts;
  /** What the agent was told: what was said before, where it cannot know, and the input. */
  readonly messages: readonly MessageInput[];
  readonly sent: readonly InputItem[];
  /** To be forgotten once its answer was read, with its session unless others have it too. */
  readonly isTransient: boolean;
  readonly keepsSession: boolean;
}

/** Begins the run of a response. What it is asked is noted on the run, so that nobody ever finds the one without the other. */
export async function beginResponse(
  { runs, contexts }: ResponseSource,
  body: ResponseRequest,
  caller: ResponseCaller,
): Promise<BegunResponse> {
  assertSensible(body);
  const { identity, signal, traceparent } = caller;
  const { agent, model } = chooseAgent(runs.agents, body.model ?? null);
  const finder = { ownerId: ownerOf(identity), signal };
  const context = await contexts.of(body, finder);
  const sent = toInputItems(body.input);
  await assertAsked(sent, context);
  const { sessionId, userId, before } = context;
  const messages = [...before, ...toMessages(await contexts.resolve(sent, sessionId, finder), agent)];
  const stored = body.store !== false;
  const runId = newRunId(stored);
  const asked = askedOf(body);
  const key = await runs.start({
    agent,
    request: toAgentRequest(body, { runId, model, messages, sessionId, userId }),
    identity,
    reader: body.background === true ? undefined : signal,
    traceparent,
    hasNewId: true,
    note: stored ? toNote({ asked, items: sent.map((item, at) => toListed(item, runId, at)) }) : undefined,
  });
  // A run of another id is one that it was merged into, and that others have asked for too.
  const isTransient = !stored && key.runId === runId;
  const facts = { runId: key.runId, agent, asked };
  return { key, facts, messages, sent, isTransient, keepsSession: sessionId !== undefined };
}

/** What a function has answered belongs to a call that is there: nothing good comes of telling an agent half of the two. */
async function assertAsked(sent: readonly InputItem[], { knowsCall }: ResponseContext): Promise<void> {
  const called = new Set<string>();
  for (const item of sent) {
    if (item.type === "function_call" || item.type === "custom_tool_call") called.add(item.call_id);
    if (item.type !== "function_call_output" && item.type !== "custom_tool_call_output") continue;
    if (called.has(item.call_id) || (await knowsCall(item.call_id))) continue;
    const message = `No tool call found for function call output with call_id ${item.call_id}.`;
    throw new RuntimeError("invalid_argument", message, { details: { field: "input" } });
  }
}

function assertSensible({
  input,
  previous_response_id: previous,
  conversation,
  background,
  store,
}: ResponseRequest): void {
  if ((input ?? previous ?? conversation ?? undefined) === undefined) {
    throw new RuntimeError("invalid_argument", "Invalid request: input: say what to answer.", {
      details: { field: "input" },
    });
  }
  if (background === true && store === false) {
    throw new RuntimeError("invalid_argument", "Invalid request: background: what is not stored cannot be polled.", {
      details: { field: "background" },
    });
  }
}

/** As it is listed later: with an id of its own, and its content in parts. */
function toListed(item: InputItem, runId: string, index: number): InputItem {
  if (item.type === "item_reference") return item;
  const id = itemId(item.type, { runId, side: "input", index });
  if (item.type !== "message" || typeof item.content !== "string") return { ...item, id, status: "completed" };
  const type = item.role === "assistant" ? "output_text" : "input_text";
  return { ...item, id, status: "completed", content: [{ type, text: item.content }] };
}
