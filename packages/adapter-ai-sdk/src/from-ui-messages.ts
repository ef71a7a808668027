import type { Message } from "@agentscope-runtime/protocol";
import { parseUIMessage } from "./ui-input.ts";
import type { UIMessageInput } from "./ui-input.ts";
import { UIReader } from "./ui-reader.ts";

export interface FromUIMessagesOptions {
  /** Names of the tools that the client runs: their calls are `function_call`s. Default: none. */
  readonly clientTools?: readonly string[];
}

/**
 * The `UIMessage`s of AI SDK 6 and 7 as our messages: each block of text, each thought, each call, approval and result is one. Ids
 * are the same each time, so that what is known can be told from what is new. What our messages have no word for, such as signatures of
 * providers and titles of tools, is kept in their metadata under `ai_sdk`; `toUIMessages` makes the same of it again.
 *
 * Throws `invalid_argument` with the place of a message or a part that is none. What a browser sends may say anything: take calls
 * and approvals from your own history.
 */
export function fromUIMessages(messages: readonly UIMessageInput[], options: FromUIMessagesOptions = {}): Message[] {
  const clientTools = new Set(options.clientTools);
  const parsed = messages.map(parseUIMessage);
  return parsed.flatMap((message, index) => {
    const goesOn = message.role === "assistant" && parsed[index - 1]?.role === "assistant";
    return new UIReader(message, clientTools).read(goesOn);
  });
}
