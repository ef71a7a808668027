import { isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, Message, RunStatus } from "@agentscope-runtime/protocol";
import { fromUIMessages } from "./from-ui-messages.ts";
import { toUIMessages } from "./to-ui-messages.ts";
import { toUIMessageStream } from "./to-ui-message-stream.ts";
import type { UIChunk } from "./ui-chunk.ts";
import type { UIMessageInput } from "./ui-input.ts";

/** The part of a client of `@agentscope-runtime/client` that is used. */
export interface ChatClient {
  run(
    request: { readonly input: readonly Message[]; readonly session_id: string },
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncIterable<AgentEvent>;
  resume(runId: string, options?: { readonly signal?: AbortSignal | undefined }): AsyncIterable<AgentEvent>;
  listRuns(options: {
    readonly sessionId: string;
    readonly limit: number;
    readonly signal?: AbortSignal | undefined;
  }): Promise<{ readonly items: readonly { readonly id: string; readonly status: RunStatus }[] }>;
}

export interface ChatTransportOptions {
  readonly client: ChatClient;
  /** Names of the tools that the browser runs. Default: none. */
  readonly clientTools?: readonly string[];
}

/** A `ChatTransport` of AI SDK 6 and 7. */
export interface AgentChatTransport {
  sendMessages(options: {
    readonly trigger: "submit-message" | "regenerate-message";
    readonly chatId: string;
    readonly messages: readonly UIMessageInput[];
    readonly abortSignal?: AbortSignal | undefined;
  }): Promise<ReadableStream<UIChunk>>;
  reconnectToStream(options: {
    readonly chatId: string;
    readonly abortSignal?: AbortSignal | undefined;
  }): Promise<ReadableStream<UIChunk> | null>;
}

/**
 * Lets `useChat` talk to an app of the runtime, without a route in between: a chat is a session, which the server keeps. Only what is
 * new is sent: what the user says, and in an answer that goes on, decisions about approvals and results of `clientTools`. `resume`
 * finds the run that is under way and replays it.
 *
 * `regenerate` is refused with `unimplemented`: the session has the answer, and what was said stays said.
 *
 * @example
 * ```ts
 * const chat = useChat({ id, messages, transport: chatTransport({ client: createClient({ baseUrl }) }), resume: true });
 * ```
 */
export function chatTransport({ client, clientTools = [] }: ChatTransportOptions): AgentChatTransport {
  return {
    async sendMessages({ trigger, chatId, messages, abortSignal: signal }) {
      const last = messages.at(-1);
      if (trigger === "regenerate-message" || last === undefined) {
        throw new RuntimeError("unimplemented", "The server keeps what was said: ask again instead of regenerating.");
      }
      const goesOn = last.role === "assistant";
      const answers = answersIn(last, clientTools);
      const input = goesOn ? answers.messages : fromUIMessages([last]);
      if (input.length === 0) throw new RuntimeError("invalid_argument", "There is nothing new to send.");
      const events = client.run({ input, session_id: chatId }, { signal });
      return toUIMessageStream(events, { goesOn, denied: answers.denied });
    },

    async reconnectToStream({ chatId, abortSignal: signal }) {
      const { items } = await client.listRuns({ sessionId: chatId, limit: 1, signal });
      const [run] = items;
      if (run === undefined || isTerminalStatus(run.status)) return null;
      return toUIMessageStream(client.resume(run.id, { signal }));
    },
  };
}

interface Answers {
  readonly messages: readonly Message[];
  /** The ids of the calls that a person has denied. */
  readonly denied: readonly string[];
}

/** What a person or the browser has answered to the last step of an agent's message. */
function answersIn(message: UIMessageInput, clientTools: readonly string[]): Answers {
  const parts = message.parts.slice(message.parts.findLastIndex(({ type }) => type === "step-start") + 1);
  const messages = fromUIMessages([{ ...message, parts }], { clientTools });
  const shown = toUIMessages(messages).flatMap((one) => one.parts);
  return {
    messages: messages.filter(({ type }) => type === "mcp_approval_response" || type === "function_call_output"),
    denied: shown.flatMap((part) =>
      "approval" in part && "approved" in part.approval && !part.approval.approved ? [part.toolCallId] : [],
    ),
  };
}
