import type { AgentResponse, TaskStatus as AnyTaskStatus } from "@agentscope-runtime/protocol";

/** How a run in the background is doing; its result is the run's response. */
export type TaskStatus =
  | Exclude<AnyTaskStatus, { readonly status: "finished" }>
  | { readonly status: "finished"; readonly result: AgentResponse };
