import type { QueryHandler } from "@agentscope-runtime/core";
import {
  createAgentScopeHandler,
  createAgentScopeStorage,
  fromAgentScope,
  fromAgentScopeMessages,
  fromAgentScopeTools,
  toAgentScopeMessages,
  toAgentScopeTools,
} from "./index.ts";

// The shapes that the framework publishes, as far as they can get in the way: an enum for the types of events, private and
// protected members, parameters that are narrower than ours.

type Json = null | string | number | boolean | Json[] | { [key: string]: Json };

interface TextBlock {
  type: "text";
  text: string;
  id: string;
}
interface DataBlock {
  type: "data";
  id: string;
  name?: string;
  source: { type: "base64"; data: string; mediaType: string } | { type: "url"; url: string; mediaType: string };
}
interface ToolCallBlock {
  type: "tool_call";
  id: string;
  name: string;
  input: string;
  awaitUserConfirmation?: boolean;
}
interface ToolResultBlock {
  type: "tool_result";
  id: string;
  name: string;
  output: string | (TextBlock | DataBlock)[];
  state: "success" | "error" | "interrupted" | "running";
}
type ContentBlock =
  | TextBlock
  | DataBlock
  | ToolCallBlock
  | ToolResultBlock
  | { type: "thinking"; thinking: string; id: string }
  | { type: "hint"; hint: string; id: string };

interface Msg {
  id: string;
  name: string;
  role: "user" | "assistant" | "system";
  content: ContentBlock[];
  metadata: Record<string, Json>;
  timestamp: string;
  usage?: { inputTokens: number; outputTokens: number };
}

declare enum EventType {
  RUN_STARTED = "RUN_STARTED",
  TEXT_BLOCK_DELTA = "TEXT_BLOCK_DELTA",
  USER_CONFIRM_RESULT = "USER_CONFIRM_RESULT",
}
interface EventBase {
  id: string;
  createdAt: string;
  replyId: string;
}
interface UserConfirmResultEvent extends EventBase {
  type: EventType.USER_CONFIRM_RESULT;
  confirmResults: { confirmed: boolean; toolCall: ToolCallBlock }[];
}
type AgentEvent =
  | (EventBase & { type: EventType.RUN_STARTED; sessionId: string; name: string })
  | (EventBase & { type: EventType.TEXT_BLOCK_DELTA; blockId: string; delta: string })
  | UserConfirmResultEvent;

interface ToolResponse {
  content: (TextBlock | DataBlock)[];
  id: string;
  createdAt: string;
  metadata: Record<string, Json>;
  state: "success" | "error" | "interrupted" | "running";
  isLast: boolean;
  isInterrupted: boolean;
}
interface Tool {
  name: string;
  description: string;
  inputSchema: { type: "object"; properties?: Record<string, object>; required?: string[]; [key: string]: unknown };
  call?: (
    input: Record<string, unknown>,
  ) => string | Promise<string> | AsyncGenerator<string> | ToolResponse | Promise<ToolResponse>;
  requireUserConfirm?: boolean;
}
interface ChatResponse {
  type: "chat";
  content: ContentBlock[];
}

declare abstract class ChatModelBase {
  modelName: string;
  protected constructor(options: object);
  call(options: {
    messages: Msg[];
    tools?: object[];
  }): Promise<ChatResponse | AsyncGenerator<ChatResponse, ChatResponse>>;
  protected abstract callApi(): void;
}
declare class Toolkit {
  tools: (Tool & { type: "function" | "mcp" })[];
  private readonly reader;
  constructor(options?: { tools?: Tool[] });
  callToolFunction(toolCall: ToolCallBlock): AsyncGenerator<ToolResponse, ToolResponse>;
  requireExternalExecution(name: string): boolean;
}
declare abstract class StorageBase {
  loadAgentState(options?: { agentId?: string }): Promise<{ context: Msg[]; metadata: Record<string, unknown> }>;
  saveAgentState(options: { agentId?: string; context: Msg[]; metadata: Record<string, unknown> }): Promise<void>;
  offloadContext(options: { msgs: Msg[] }): Promise<string | undefined>;
}
declare class Agent {
  name: string;
  model: ChatModelBase;
  maxIters: number;
  toolkit: Toolkit;
  storage?: StorageBase;
  context: Msg[];
  replyId: string;
  curIter: number;
  confirmedToolCallIds: string[];
  curSummary: string;
  private _loaded;
  constructor(options: {
    name: string;
    sysPrompt: string;
    model: ChatModelBase;
    toolkit?: Toolkit;
    storage?: StorageBase;
  });
  replyStream(options: { msgs?: Msg | Msg[]; event?: UserConfirmResultEvent }): AsyncGenerator<AgentEvent, Msg>;
  loadState(): Promise<void>;
  saveState(): Promise<void>;
}

it("takes what the framework publishes, and gives what it takes, without a cast", () => {
  // Compiling is the test.
  const serve = (model: ChatModelBase, storage: Parameters<typeof createAgentScopeStorage>[0]): QueryHandler =>
    createAgentScopeHandler(
      ({ signal }) =>
        new Agent({
          name: "friday",
          sysPrompt: "Be brief.",
          model,
          toolkit: new Toolkit({ tools: toAgentScopeTools([], { signal }) }),
          storage: createAgentScopeStorage(storage),
        }),
    );
  const stream = (agent: Agent): unknown => [
    fromAgentScope(agent.replyStream({ msgs: toAgentScopeMessages([]) })),
    fromAgentScopeMessages(agent.context),
    fromAgentScopeTools(agent.toolkit.tools),
    createAgentScopeHandler(agent),
  ];
  for (const compiles of [serve, stream]) expect(typeof compiles).toBe("function");
});
