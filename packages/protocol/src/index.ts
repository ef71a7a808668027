export { agentEventSchema, unreachable } from "./agent-event.ts";
export { agentRequestSchema, budgetSchema, multitaskStrategySchema, onDisconnectSchema } from "./agent-request.ts";
export { agentResponseSchema, newResponseId } from "./agent-response.ts";
export {
  audioContentSchema,
  contentSchema,
  dataContentSchema,
  fileContentSchema,
  imageContentSchema,
  refusalContentSchema,
  textContentSchema,
  videoContentSchema,
} from "./content.ts";
export { decodeEvents } from "./decode-events.ts";
export { decodeSse } from "./decode-sse.ts";
export { encodeEvent, encodeFrame, EventEncoder } from "./encode-event.ts";
export { errorCodeSchema } from "./error-code.ts";
export { foldEvent, foldEvents } from "./fold-events.ts";
export { errorCodeFromHttpStatus, httpStatusFromErrorCode } from "./http-status.ts";
export { idSchema } from "./id.ts";
export { messageSchema, messageTypeSchema, newMessageId } from "./message.ts";
export { newUuid } from "./new-uuid.ts";
export { parse } from "./parse.ts";
export { roleSchema } from "./role.ts";
export { runSchema } from "./run.ts";
export { isTerminalStatus, runStatusSchema, terminalStatusSchema } from "./run-status.ts";
export { sessionSchema } from "./session.ts";
export { taskStatusSchema } from "./task-status.ts";
export { errorInfoSchema, RuntimeError } from "./runtime-error.ts";
export {
  functionCallOutputSchema,
  functionCallSchema,
  functionParametersSchema,
  functionToolSchema,
  mcpApprovalRequestSchema,
  mcpApprovalResponseSchema,
  mcpCallOutputSchema,
  mcpCallSchema,
  mcpListToolsSchema,
  mcpListToolsToolSchema,
  toolCallOutputSchema,
  toolCallSchema,
  toolSchema,
} from "./tool.ts";
export { usageSchema } from "./usage.ts";

export type { AgentEvent } from "./agent-event.ts";
export type { AgentRequest, AgentRequestInput, Budget, MultitaskStrategy, OnDisconnect } from "./agent-request.ts";
export type { AgentResponse } from "./agent-response.ts";
export type { Content, ContentInput, ContentOf, ContentType } from "./content.ts";
export type { DecodeSseOptions, SseMessage } from "./decode-sse.ts";
export type { ErrorCode } from "./error-code.ts";
export type { Message, MessageInput, MessageType } from "./message.ts";
export type { Role } from "./role.ts";
export type { Run } from "./run.ts";
export type { RunStatus, TerminalStatus } from "./run-status.ts";
export type { Session } from "./session.ts";
export type { TaskStatus } from "./task-status.ts";
export type { ErrorInfo, RuntimeErrorOptions } from "./runtime-error.ts";
export type {
  FunctionCall,
  FunctionCallOutput,
  FunctionParameters,
  FunctionTool,
  McpApprovalRequest,
  McpApprovalResponse,
  McpCall,
  McpCallOutput,
  McpListTools,
  McpListToolsTool,
  Tool,
  ToolCall,
  ToolCallOutput,
} from "./tool.ts";
export type { Usage } from "./usage.ts";
