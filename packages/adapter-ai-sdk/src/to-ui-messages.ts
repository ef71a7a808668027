import type { Message } from "@agentscope-runtime/protocol";
import { UIConversation } from "./ui-conversation.ts";
import type { UIMessage } from "./ui-message.ts";

export interface ToUIMessagesOptions {
  /** The provider that `file_id`s belong to, such as `openai`. Without it such a file is carried, but not shown. */
  readonly fileProvider?: string;
}

/**
 * Our messages as the `UIMessage`s of AI SDK 6 and 7, for `useChat`, for pages, and for whatever keeps them.
 *
 * What a user or the system says is a message with the same id and metadata. What the agent says without a pause is one
 * message, with the id and the metadata of its first: text, reasoning, files, sources, and each call with its approval and
 * its result as one part. An answer to an earlier call stands at its call. Other data are `data-json` parts; messages that
 * the SDK has no word for are `data-agentscope` parts.
 *
 * `fromUIMessages` makes the same messages again: what the parts do not say themselves is noted in their provider metadata, under
 * `agentscope`. Nothing is refused.
 */
export function toUIMessages(messages: readonly Message[], options: ToUIMessagesOptions = {}): UIMessage[] {
  const conversation = new UIConversation(options.fileProvider);
  for (const message of messages) conversation.add(message);
  return conversation.end();
}
