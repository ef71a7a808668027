import type { AgentEvent } from "./agent-event.ts";
import { agentEventSchema } from "./agent-event.ts";
import { contentSchema } from "./content.ts";
import { decodeSse } from "./decode-sse.ts";
import type { DecodeSseOptions } from "./decode-sse.ts";
import { messageSchema } from "./message.ts";
import { errorInfoSchema, RuntimeError } from "./runtime-error.ts";

/**
 * Reads the events of a run from its stream. What this version does not know is left out, so that an older client
 * survives a newer server: an event, a message with its parts, or a part inside of an event. `[DONE]` is left out too.
 *
 * Throws what a bare `{"error": …}` line says: the Python runtime sends one for failures outside of a response.
 */
export async function* decodeEvents(
  chunks: AsyncIterable<Uint8Array>,
  options?: DecodeSseOptions,
): AsyncGenerator<AgentEvent, void, undefined> {
  const leftOut = new Set<string | null>();
  for await (const { data } of decodeSse(chunks, options)) {
    const value = data === "[DONE]" ? undefined : jsonFrom(data);
    if (typeof value !== "object" || value === null) continue;
    const event = eventFrom(value);
    if (event === undefined) {
      if ("id" in value && typeof value.id === "string") leftOut.add(value.id);
    } else if (event.object !== "content" || !leftOut.has(event.msg_id)) {
      yield event;
    }
  }
}

function jsonFrom(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch (cause) {
    throw new RuntimeError("internal", "The server sent an event that is not JSON.", { cause });
  }
}

function eventFrom(value: object): AgentEvent | undefined {
  if ("error" in value && !("object" in value) && value.error !== null) throw errorFrom(value.error);
  const event = agentEventSchema.safeParse(value);
  return event.success ? event.data : agentEventSchema.safeParse(withKnownParts(value)).data;
}

function errorFrom(error: unknown): RuntimeError {
  const info = errorInfoSchema.safeParse(error);
  if (info.success) return RuntimeError.fromInfo(info.data);
  return new RuntimeError("internal", typeof error === "string" ? error : "The server reported an error.");
}

/** A response without the messages, and a message without the contents, that this version does not know. */
function withKnownParts(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known: Record<string, unknown> = { ...value };
  if (Array.isArray(known["output"])) {
    known["output"] = known["output"].map(withKnownParts).filter((message) => messageSchema.safeParse(message).success);
  }
  if (Array.isArray(known["content"])) {
    known["content"] = known["content"].filter((content) => contentSchema.safeParse(content).success);
  }
  return known;
}
