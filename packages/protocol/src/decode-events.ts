import type { AgentEvent } from "./agent-event.ts";
import { agentEventSchema } from "./agent-event.ts";
import { decodeSse } from "./decode-sse.ts";
import type { DecodeSseOptions } from "./decode-sse.ts";
import { errorInfoSchema, RuntimeError } from "./runtime-error.ts";

/**
 * Reads the events of a run from its stream. Kinds of events that this version does not know are left out, so that an
 * older client survives a newer server; `[DONE]` is left out too.
 *
 * Throws what a bare `{"error": …}` line says: the Python runtime sends one for failures outside of a response.
 */
export async function* decodeEvents(
  chunks: AsyncIterable<Uint8Array>,
  options?: DecodeSseOptions,
): AsyncGenerator<AgentEvent, void, undefined> {
  for await (const { data } of decodeSse(chunks, options)) {
    const event = data === "[DONE]" ? undefined : eventFrom(data);
    if (event !== undefined) yield event;
  }
}

function eventFrom(data: string): AgentEvent | undefined {
  const value = jsonFrom(data);
  const event = agentEventSchema.safeParse(value);
  if (event.success) return event.data;
  if (typeof value !== "object" || value === null || !("error" in value) || "object" in value) return undefined;
  const info = errorInfoSchema.safeParse(value.error);
  if (info.success) throw RuntimeError.fromInfo(info.data);
  throw new RuntimeError("internal", typeof value.error === "string" ? value.error : "The server reported an error.");
}

function jsonFrom(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new RuntimeError("internal", "The server sent an event that is not JSON.", { cause });
  }
}
