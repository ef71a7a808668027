import { lastEntry } from "@agentscope-runtime/core";
import type { RunDoor } from "@agentscope-runtime/core";
import type { RunKey } from "@agentscope-runtime/services";
import { toElicitation } from "./elicitation.ts";
import { eventIdPrefix } from "./event-id.ts";
import type { StreamPlace } from "./event-id.ts";
import { followRun } from "./follow-run.ts";
import type { Told } from "./follow-run.ts";
import type { OpenCalls } from "./open-calls.ts";
import { toRpcError } from "./rpc-error.ts";
import type { McpSession } from "./session-id.ts";
import { approvalRequired, questionsIn, toResult } from "./to-result.ts";

export interface AgentStream {
  readonly runs: RunDoor;
  readonly calls: OpenCalls;
  readonly ownerId: string;
  readonly place: StreamPlace;
  /** The last event that the client has; undefined for a stream that begins. */
  readonly after?: number | undefined;
  /** Undefined for a client that has none. */
  readonly session: McpSession | undefined;
  /** The client's hang-up. */
  readonly reader: AbortSignal;
  /** Whether the client takes an event without data, from which it can resume before there is any other. */
  readonly primed: boolean;
}

/**
 * The answer to a call of an agent in the protocol of 2025, as server-sent events with ids: progress, questions to the user, and
 * the result. Every replica can tell the rest of it after any of its ids.
 */
export async function* agentStream(stream: AgentStream): AsyncGenerator<string, void, undefined> {
  const { runs, calls, ownerId, session, reader } = stream;
  const { requestId } = stream.place;
  const call = session && calls.open({ ownerId, session: session.id, requestId });
  let key: RunKey = { ownerId, runId: stream.place.runId };
  let isOver = false;
  call?.signal.addEventListener("abort", () => {
    runs.cancel(key).catch(() => undefined);
  });
  const signal = call === undefined ? reader : AbortSignal.any([reader, call.signal]);
  try {
    let { place, after = -1 } = stream;
    if (stream.after === undefined && stream.primed) yield `id: ${eventIdPrefix(place)}-1\ndata: \n\n`;
    for (;;) {
      const writer = new FrameWriter(place);
      const { response, count } = yield* progress(followRun(runs, key, { after, signal }), writer);
      const questions = questionsIn(response);
      const pending = questions.length === 0 ? [] : await runs.pendingApprovals(key, { signal });
      if (questions.length === 0 || session?.elicits !== true) {
        isOver = true;
        const result = toResult(response);
        const told = questions.length === 0 ? result : approvalRequired(result, key.runId, questions);
        yield writer.frame(count - 1, { id: requestId, result: told });
        return;
      }
      for (const [index, asked] of questions.entries()) {
        const position = count - 1 + index;
        if (position <= after || !pending.includes(asked.id)) continue;
        const id = `${key.runId}/${asked.id}`;
        yield writer.frame(position, { id, method: "elicitation/create", params: toElicitation(asked) });
      }
      key = await runs.resumed(key, { signal });
      place = { ...place, runId: key.runId, before: place.before + count };
      after = -1;
    }
  } catch (thrown) {
    // A call that was canceled has no answer, and nobody is there to read one after a hang-up.
    if (signal.aborted) return;
    isOver = true;
    yield new FrameWriter(stream.place).last({ id: requestId, error: toRpcError(thrown) });
  } finally {
    // A run whose client has hung up, and that goes on, can still be canceled.
    if (isOver || call === undefined || call.signal.aborted) call?.close();
    else void ended(runs, key).finally(call.close);
  }
}

async function ended(runs: RunDoor, key: RunKey): Promise<void> {
  try {
    await lastEntry(runs.read(key, { follow: true }));
  } catch {
    // There is no run any more.
  }
}

async function* progress<T>(
  telling: AsyncGenerator<readonly Told[], T>,
  writer: FrameWriter,
): AsyncGenerator<string, T, undefined> {
  for (;;) {
    const next = await telling.next();
    if (next.done === true) return next.value;
    const frames = writer.notes(next.value);
    if (frames !== "") yield frames;
  }
}

/** Writes messages of JSON-RPC as events of one run's stream. */
class FrameWriter {
  readonly #place: StreamPlace;
  readonly #prefix: string;
  readonly #token: string | undefined;

  constructor(place: StreamPlace) {
    this.#place = place;
    this.#prefix = eventIdPrefix(place);
    this.#token = place.progressToken === null ? undefined : JSON.stringify(place.progressToken);
  }

  /** Nothing for a client that wants no progress. */
  notes(told: readonly Told[]): string {
    if (this.#token === undefined) return "";
    let frames = "";
    for (const { sequence, note } of told) {
      const { before } = this.#place;
      const about = `{"agentscope":${JSON.stringify(note.about)}}`;
      const params = `{"progressToken":${this.#token},"progress":${before + sequence + 1},"message":${JSON.stringify(note.message)},"_meta":${about}}`;
      frames += `id: ${this.#prefix}${sequence}\ndata: {"jsonrpc":"2.0","method":"notifications/progress","params":${params}}\n\n`;
    }
    return frames;
  }

  frame(position: number, message: object): string {
    return `id: ${this.#prefix}${position}\ndata: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;
  }

  /** What ends a stream that cannot go on: nothing follows it, so it needs no id. */
  last(message: object): string {
    return `data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`;
  }
}
