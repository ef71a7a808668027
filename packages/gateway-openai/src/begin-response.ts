import { ownerOf } from "@agentscope-runtime/core";
import type { RouteRequest, RunDoor } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunKey } from "@agentscope-runtime/services";
import { forgetterOf } from "./forget-run.ts";
import { toInputItems } from "./input-item.ts";
import type { InputItem } from "./input-item.ts";
import { itemId } from "./item-id.ts";
import { chooseAgent } from "./models.ts";
import type { ResponseContexts } from "./response-context.ts";
import { askedOf, toAgentRequest } from "./response-request.ts";
import type { ResponseRequest } from "./response-request.ts";
import type { ResponseFacts } from "./response-resource.ts";
import { newRunId } from "./response-shelf.ts";
import type { ResponseShelf } from "./response-shelf.ts";
import { toMessages } from "./to-messages.ts";

export interface ResponseDesk {
  readonly runs: RunDoor;
  readonly shelf: ResponseShelf;
  readonly contexts: ResponseContexts;
}

export interface BegunResponse {
  readonly key: RunKey;
  readonly facts: ResponseFacts;
  /** To be called when its answer was read, if it is not to be stored. */
  readonly forget: (() => void) | undefined;
}

/** Begins the run of a response. What it is asked is kept before, so that nobody ever finds the one without the other. */
export async function beginResponse(
  { runs, shelf, contexts }: ResponseDesk,
  body: ResponseRequest,
  { http, identity }: RouteRequest,
): Promise<BegunResponse> {
  assertSensible(body);
  const { signal, headers } = http;
  const { agent, model } = chooseAgent(runs.agents, body.model ?? null);
  const caller = { ownerId: ownerOf(identity), signal };
  const { sessionId, userId, before } = await contexts.of(body, caller);
  const stored = body.store !== false;
  const wanted = { ownerId: caller.ownerId, runId: newRunId(stored) };
  const sent = toInputItems(body.input);
  const messages = [...before, ...toMessages(await contexts.resolve(sent, sessionId, caller), agent)];
  const request = toAgentRequest(body, { runId: wanted.runId, model, messages, sessionId, userId });
  const asked = askedOf(body);
  if (stored) await shelf.put(wanted, { asked, items: sent.map((item, at) => toListed(item, wanted.runId, at)) });
  const reader = body.background === true ? undefined : signal;
  try {
    const key = await runs.start({ agent, request, identity, reader, traceparent: headers["traceparent"] });
    const facts = { runId: key.runId, agent, asked };
    if (key.runId !== wanted.runId) {
      // It was merged into a run that others have asked for too.
      await shelf.withdraw(wanted);
      return { key, facts, forget: undefined };
    }
    const forget = stored ? undefined : forgetterOf(runs, key, { keepsSession: sessionId !== undefined });
    if (forget !== undefined) signal.addEventListener("abort", forget, { once: true });
    return { key, facts, forget };
  } catch (thrown) {
    if (stored) await shelf.withdraw(wanted);
    throw thrown;
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
