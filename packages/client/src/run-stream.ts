import { decodeEvents, isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { bytesOf } from "./bytes-of.ts";
import { pathOf } from "./path-of.ts";
import { replyError } from "./reply-error.ts";
import { Transient } from "./transient.ts";
import type { Call, Transport } from "./transport.ts";

export interface RunStreamOptions {
  readonly runId: string;
  /** Begins the run; without it, the run is there already. */
  readonly begin?: Call;
  /** Goes on behind this event. From the first by default. */
  readonly after?: number | undefined;
  /** Of one event, in characters. */
  readonly maxLength: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * The events of a run until its end, each once and in order, over as many connections as it takes. Leaving the loop hangs
 * up.
 */
export async function* runStream(
  transport: Transport,
  { runId, begin, after, maxLength, signal }: RunStreamOptions,
): AsyncGenerator<AgentEvent, void, undefined> {
  const retries = transport.retries(signal);
  let last = after;
  let begun = false;
  let numbered = true;
  for (;;) {
    try {
      const response = await transport.send(begun || begin === undefined ? eventsAfter(runId, last) : begin, signal);
      begun = true;
      // There is nothing behind `after`, and never will be.
      if (response.status === 204) return;
      // For a server that does not know `after`.
      const seen = last ?? -1;
      for await (const event of eventsOf(response, { maxLength, signal })) {
        const { sequence_number: sequence } = event;
        if (sequence !== null && sequence <= seen) continue;
        last = sequence ?? last;
        numbered &&= sequence !== null;
        retries.progressed();
        signal?.throwIfAborted();
        yield event;
        if (isEnd(event)) return;
      }
      throw new Transient(new RuntimeError("unavailable", "The server ended the stream before the run's end."));
    } catch (thrown) {
      await retries.after(begun ? interruption(thrown, { runId, numbered }) : thrown);
    }
  }
}

/** True for the last event of a run. */
export function isEnd(event: AgentEvent): boolean {
  return event.object === "response" && isTerminalStatus(event.status);
}

function eventsAfter(runId: string, after: number | undefined): Call {
  return { method: "GET", path: pathOf("runs", runId, "events"), query: { after }, accept: "text/event-stream" };
}

async function* eventsOf(
  response: Response,
  { maxLength, signal }: Pick<RunStreamOptions, "maxLength" | "signal">,
): AsyncGenerator<AgentEvent, void, undefined> {
  const type = response.headers.get("content-type") ?? "";
  if (!/^text\/event-stream\b/i.test(type)) throw await replyError(response, signal);
  yield* decodeEvents(bytesOf(response, signal), { maxMessageLength: maxLength });
}

/** What a failure means for a run that has begun. */
function interruption(thrown: unknown, run: { readonly runId: string; readonly numbered: boolean }): unknown {
  if (thrown instanceof Transient) return run.numbered ? thrown : thrown.error;
  if (!RuntimeError.is(thrown)) return thrown;
  // The server could not go on with the stream; it, or another replica, may know how later.
  if (thrown.code === "unavailable") return run.numbered ? new Transient(thrown) : thrown;
  if (thrown.code !== "not_found") return thrown;
  const message = `The stream broke, and the server does not know run ${run.runId} any more.`;
  return new RuntimeError("not_found", message, { cause: thrown, details: { runId: run.runId } });
}
