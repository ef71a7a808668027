import type { AgentScopeToolCallBlock, AgentScopeToolState } from "./agentscope-message.ts";

/** What every event has. `replyId` is that of the reply, also after a pause. */
interface EventBase {
  readonly replyId: string;
}

interface BlockEvent extends EventBase {
  readonly blockId: string;
}

interface CallEvent extends EventBase {
  readonly toolCallId: string;
}

/** The events of an agent, as far as they are read. Those of other types are passed over. */
export type AgentScopeEvent =
  | (EventBase & { readonly type: "RUN_STARTED" | "RUN_FINISHED" | "MODEL_CALL_STARTED" })
  | (EventBase & { readonly type: "MODEL_CALL_ENDED"; readonly inputTokens: number; readonly outputTokens: number })
  | (BlockEvent & { readonly type: "TEXT_BLOCK_END" | "THINKING_BLOCK_END" })
  | (BlockEvent & { readonly type: "TEXT_BLOCK_DELTA" | "THINKING_BLOCK_DELTA"; readonly delta: string })
  | (BlockEvent & { readonly type: "BINARY_BLOCK_DELTA"; readonly data: string; readonly mediaType: string })
  | (BlockEvent & { readonly type: "BINARY_BLOCK_END" })
  | (CallEvent & { readonly type: "TOOL_CALL_START"; readonly toolCallName: string })
  | (CallEvent & { readonly type: "TOOL_CALL_DELTA"; readonly delta: string })
  | (CallEvent & { readonly type: "TOOL_CALL_END" })
  | (CallEvent & { readonly type: "TOOL_RESULT_START"; readonly toolCallName?: string })
  | (CallEvent & { readonly type: "TOOL_RESULT_TEXT_DELTA"; readonly delta: string })
  | (CallEvent & {
      readonly type: "TOOL_RESULT_BINARY_DELTA";
      readonly mediaType: string;
      readonly data?: string;
      readonly url?: string;
    })
  | (CallEvent & { readonly type: "TOOL_RESULT_END"; readonly state: AgentScopeToolState })
  | (EventBase & { readonly type: "EXCEED_MAX_ITERS" })
  | (EventBase & {
      readonly type: "REQUIRE_USER_CONFIRM" | "REQUIRE_EXTERNAL_EXECUTION";
      readonly toolCalls: readonly AgentScopeToolCallBlock[];
    });
