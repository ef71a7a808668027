import { decodeEvents, encodeFrame, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse, Message } from "@agentscope-runtime/protocol";

/** A response from JSON. What this version does not know of it is left out, as it is in a stream. */
export async function responseFrom(value: unknown): Promise<AgentResponse> {
  for await (const event of knownEvents([value])) if (event.object === "response") return event;
  throw new RuntimeError("internal", "The server's answer is not a response.");
}

/** Messages from JSON; those that this version does not know are left out. */
export async function messagesFrom(values: readonly unknown[]): Promise<readonly Message[]> {
  const messages: Message[] = [];
  for await (const event of knownEvents(values)) if (event.object === "message") messages.push(event);
  return messages;
}

/** The reader of streams knows how to survive a newer server. Their length was bounded when they were read. */
function knownEvents(values: readonly unknown[]): AsyncIterable<AgentEvent> {
  return decodeEvents(framesOf(values), { maxMessageLength: Infinity });
}

async function* framesOf(values: readonly unknown[]): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  for (const value of values) yield encoder.encode(encodeFrame(null, JSON.stringify(value)));
}
