export { createClient } from "./create-client.ts";
export { textOf } from "./text-of.ts";

export type {
  AgentClient,
  ApprovalKey,
  Decided,
  Decision,
  ResumeOptions,
  RunListOptions,
  RunOptions,
  RunStream,
  SessionListOptions,
  SessionOptions,
} from "./agent-client.ts";
export type { CallOptions } from "./call-options.ts";
export type { ClientOptions } from "./create-client.ts";
export type { Page, PageOptions } from "./page.ts";
export type { RetryOptions } from "./retries.ts";
export type { RunRequest } from "./run-request.ts";
export type { RunWithResponse } from "./run.ts";
export type { TaskStatus } from "./task-status.ts";
export type { Token } from "./transport.ts";
