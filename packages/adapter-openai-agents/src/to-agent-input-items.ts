import type { Message } from "@agentscope-runtime/protocol";
import type { AgentItem } from "./agent-item.ts";
import { leftoverOf } from "./item-note.ts";
import { settleCalls } from "./settle-calls.ts";
import { toItem } from "./to-item.ts";

/**
 * Turns our messages into the input of `run` and `Runner.run` of the OpenAI Agents SDK: each message is an item. What an item cannot
 * say, such as our id and metadata, is noted in it under `agentscope`, which the SDK's models do not send.
 *
 * A call that nobody answered gets the answer "No result: the run ended before the tool answered.", and an answer to no call is
 * dropped, since models refuse both. Images and files in results of our tools stay such. Left out: approvals (the SDK keeps them in
 * its `RunState`), heartbeats, errors, lists of MCP tools, component calls, A2UI responses, sources and empty messages. Images and
 * files that the assistant has made are named only: models take none of theirs back.
 *
 * Throws `invalid_argument`, with the message's index, for images and files without an address, calls without an id or a name, files
 * in system messages, and messages of role `tool` that answer no call.
 */
export function toAgentInputItems(messages: readonly Message[]): AgentItem[] {
  const items = messages.flatMap((message, index) => {
    const item = toItem(message, index);
    return item === undefined || (isEmpty(item) && leftoverOf(message) === undefined) ? [] : [item];
  });
  return settleCalls(items);
}

function isEmpty(item: AgentItem): boolean {
  return "content" in item && item.content.length === 0;
}
