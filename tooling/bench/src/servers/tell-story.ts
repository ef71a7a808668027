import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

/** What a client sends to `POST /process`, as far as a server without an agent reads it. */
export interface StoryRequest {
  readonly input: readonly { readonly content: readonly { readonly text: string }[] }[];
}

export interface Listener {
  /** Takes one server-sent event. */
  readonly hear: (frame: string) => void;
  /** True once nobody listens any more. */
  readonly hasLeft: () => boolean;
}

interface Order {
  readonly tokens: number;
  readonly intervalMs?: number;
  readonly text?: string;
}

interface Numbered {
  readonly sequence_number: number;
}

/**
 * Answers an order with the events that the workload app sends for it, in the same number and of the same size, and with
 * nothing in between: no schema, no log, no agent. An order without an interval is told in one go.
 */
export async function tellStory(request: StoryRequest, { hear, hasLeft }: Listener): Promise<void> {
  const order = JSON.parse(request.input[0]?.content[0]?.text ?? "") as Order; // From our own load generator.
  const { tokens, intervalMs = 0, text = "tok " } = order;
  const heads = { runId: `response_${randomUUID()}`, sessionId: randomUUID(), createdAt: seconds() };
  const messageId = `msg_${randomUUID()}`;
  let sequence = 0;
  const say = (event: Numbered): void => {
    hear(`id: ${event.sequence_number}\ndata: ${JSON.stringify(event)}\n\n`);
  };

  say(response(sequence++, heads, { status: "created", output: null, usage: null }));
  say(response(sequence++, heads, { status: "in_progress", output: null, usage: null }));
  let said = "";
  for (let index = 0; index < tokens; index += 1) {
    if (intervalMs > 0) await sleep(intervalMs);
    if (hasLeft()) return;
    if (index === 0) say(message(sequence++, messageId, null));
    said += text;
    say(piece(sequence++, messageId, { text, delta: true }));
  }
  const whole = piece(sequence++, messageId, { text: said, delta: false });
  say(whole);
  const answer = message(sequence++, messageId, [whole]);
  say(answer);
  const usage = { input_tokens: 1, output_tokens: tokens };
  say(response(sequence++, heads, { status: "completed", output: [answer], usage }));
}

function seconds(): number {
  return Math.floor(Date.now() / 1000);
}

function response(
  sequence: number,
  { runId, sessionId, createdAt }: { readonly runId: string; readonly sessionId: string; readonly createdAt: number },
  {
    status,
    output,
    usage,
  }: { readonly status: string; readonly output: object[] | null; readonly usage: object | null },
): Numbered {
  const event = {
    sequence_number: sequence,
    object: "response",
    status,
    error: null,
    id: runId,
    created_at: createdAt,
    completed_at: output === null ? null : seconds(),
    output,
    usage,
    session_id: sessionId,
    incomplete_details: null,
  };
  return event;
}

function message(sequence: number, id: string, content: object[] | null): Numbered {
  const event = {
    sequence_number: sequence,
    object: "message",
    status: content === null ? "in_progress" : "completed",
    error: null,
    id,
    type: "message",
    role: "assistant",
    content,
    code: null,
    message: null,
    usage: null,
    metadata: null,
  };
  return event;
}

function piece(
  sequence: number,
  messageId: string,
  { text, delta }: { readonly text: string; readonly delta: boolean },
): Numbered {
  const event = {
    sequence_number: sequence,
    object: "content",
    status: delta ? "in_progress" : "completed",
    error: null,
    index: 0,
    delta,
    msg_id: messageId,
    type: "text",
    text,
  };
  return event;
}
