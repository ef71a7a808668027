import { applyDifference, differenceOf, isObject, wholeMessage } from "@agentscope-runtime/core/adapter";
import type { BareMessage } from "@agentscope-runtime/core/adapter";
import { messageSchema, newMessageId, RuntimeError } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import { bareOf } from "./from-item.ts";
import { noteOf, addLeftover } from "./item-note.ts";
import type { ItemNote } from "./item-note.ts";
import { draftOf } from "./to-item.ts";

/**
 * Turns items of the OpenAI Agents SDK, such as a result's `history`, into our messages. Items of our own making are the messages
 * that they were. Of others, what our messages have no word for, such as the provider's ids and encrypted reasoning, is kept in
 * their metadata under `openai_agents`, and `toAgentInputItems` makes the same of it again. A call that the provider has answered
 * itself becomes two messages.
 *
 * Throws `invalid_argument` with the index of what is no item.
 */
export function fromAgentInputItems(items: readonly object[]): Message[] {
  return items.flatMap(fromItem);
}

function fromItem(item: object, index: number): Message[] {
  if (!isObject(item) || (item["type"] === undefined && item["role"] === undefined)) {
    throw new RuntimeError("invalid_argument", `Invalid items[${index}]: it has neither a type nor a role.`, {
      details: { index },
    });
  }
  const note = noteOf(item);
  if (note?.added === true) return [];
  const [first, ...rest] = bareOf(item);
  if (first === undefined) return [];
  const told = note === undefined ? undefined : toldBy(note, first);
  if (told !== undefined) {
    const own = note?.named === true ? { ...item, name: item["callId"] } : item;
    return [withRest(told, own, draftOf(told, index))];
  }
  const message = made(first, index);
  return [
    withRest(message, item, draftOf(message, index)),
    ...rest.map((bare) => made({ ...bare, metadata: addLeftover(undefined, { part: true }) }, index)),
  ];
}

/** The message that the item was; undefined when somebody has broken the note. */
function toldBy(note: ItemNote, bare: BareMessage): Message | undefined {
  const message = wholeMessage(note.id ?? newMessageId(), applyDifference(bare, note.change));
  try {
    return message === undefined || draftOf(message, 0) === undefined ? undefined : message;
  } catch {
    return undefined;
  }
}

/** The message with what the item has that the message does not say. */
function withRest(message: Message, item: Readonly<Record<string, unknown>>, plain: object | undefined): Message {
  const { agentscope: _, ...own } = item;
  const change = differenceOf(plain ?? {}, own);
  return { ...message, metadata: addLeftover(message.metadata, { change }) ?? null };
}

function made(bare: BareMessage, index: number): Message {
  const { success, data } = messageSchema.safeParse({ status: "completed", ...bare, id: newMessageId() });
  if (success) return data;
  throw new RuntimeError("invalid_argument", `Invalid items[${index}] (${bare.type}): it is no item of the SDK.`, {
    details: { index },
  });
}
