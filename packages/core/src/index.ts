export { AgentApp } from "./agent-app.ts";
export { approvalHash } from "./approvals.ts";
export { apiKeys } from "./authenticate.ts";
export { incompleteFor } from "./incomplete-for.ts";
export { canonicalJson } from "./canonical-json.ts";
export { disposeAll } from "./dispose-all.ts";
export { endpoint } from "./endpoint.ts";
export { errorReply } from "./error-reply.ts";
export { Narrator } from "./narrator.ts";
export { notesIn } from "./notes.ts";
export { parseJsonBody } from "./parse-json-body.ts";
export { eventOf } from "./live-entry.ts";
export { fromOpenAIStream } from "./openai-stream/from-openai-stream.ts";
export { fromProcess } from "./process-agent/from-process.ts";
export { fromText } from "./from-text.ts";
export { lastEntry } from "./run-door.ts";
export { runFrames } from "./sse-frames.ts";
export { runIdHeader } from "./run-id-header.ts";
export { readOutputs } from "./read-outputs.ts";
export { Runner } from "./runner.ts";
export { isRollback } from "./rollback.ts";
export { resumedIdOf } from "./run-approvals.ts";
export { ownerOf } from "./runs.ts";
export { toldFrames } from "./told-frames.ts";
export { silentLogger } from "./logger.ts";

export type { AgentAppOptions } from "./agent-app.ts";
export type {
  AgentOutput,
  ApprovalRequest,
  ContentPart,
  Incomplete,
  MessageEnd,
  ReasoningDelta,
  RefusalDelta,
  TextDelta,
  ToolCall,
  ToolCallDelta,
  ToolOrigin,
  ToolResult,
  UsageReport,
  WholeMessage,
} from "./agent-output.ts";
export type { AgentReply } from "./agent-reply.ts";
export type { AppLimits } from "./app-limits.ts";
export type { AskedApproval, Decision, GrantedApproval } from "./approvals.ts";
export type { Authenticate } from "./authenticate.ts";
export type { TaskContext, TaskHandler } from "./app-tasks.ts";
export type { CorsOptions } from "./cors.ts";
export type { DeployTarget } from "./deploy-target.ts";
export type { EndpointFactory, EndpointOptions, EndpointRequest } from "./endpoint.ts";
export type { FromOpenAIStreamOptions, OpenAIStream } from "./openai-stream/from-openai-stream.ts";
export type { FromProcessOptions, ProcessCommand } from "./process-agent/from-process.ts";
export type { TextSource } from "./from-text.ts";
export type { Gateway, GatewayHost, OpenGateway } from "./gateway.ts";
export type { ReadinessCheck } from "./health-routes.ts";
export type { HttpBody, HttpHandler, HttpReply, HttpRequest } from "./http.ts";
export type { Identity } from "./identity.ts";
export type { LiveEntry } from "./live-entry.ts";
export type { Logger } from "./logger.ts";
export type { Ending, NarratorOptions } from "./narrator.ts";
export type { Notes } from "./notes.ts";
export type { ObservedRun, Observer, RunObserver } from "./observer.ts";
export type { Once, OnceOptions } from "./once.ts";
export type { PreparedRequest } from "./prepare-request.ts";
export type { HttpMethod, Route, RouteDoc, RouteRequest } from "./route.ts";
export type { RunBudget } from "./run-budget.ts";
export type { OutputReader, ReadOutputsOptions } from "./read-outputs.ts";
export type { RunContext, RunMemory, RunSession, RunState } from "./run-context.ts";
export type { Decided, DecidingCaller, DoorRequest, RunDoor } from "./run-door.ts";
export type { RunnerServices } from "./run-scope.ts";
export type { AppServices, RunServices } from "./run-services.ts";
export type { Takeable, Taker } from "./takeable.ts";
export type { RunTeller } from "./told-frames.ts";
export type { LifecycleHandler, QueryHandler, RunnerOptions, RunOptions } from "./runner.ts";
export type { Socket, SocketGrant, SocketMessage, UpgradeHandler } from "./socket.ts";
export type { SocketRoute } from "./socket-route.ts";
