import { RuntimeError } from "@agentscope-runtime/protocol";
import { InProcessLeases, InProcessRunLog, InProcessTopic } from "@agentscope-runtime/services";
import type { Leases, RunLog, TaskQueue, Topic } from "@agentscope-runtime/services";
import type { RunnerServices } from "./run-scope.ts";

/** What runs live on. All three are of one kind: replicas that share one of them share all of them. */
export interface RunServices {
  readonly runLog: RunLog;
  readonly topic: Topic;
  readonly leases: Leases;
}

/**
 * Everything an app may be given to keep. What is left out is kept in this process, but for what agents are told they do
 * not have. Whoever opened the services closes them.
 */
export interface AppServices extends RunnerServices, Partial<RunServices> {
  /** For background tasks. */
  readonly tasks?: TaskQueue;
}

export interface ChosenRunServices extends RunServices {
  /** Whether other replicas, or this one after a restart, find the runs again. */
  readonly shared: boolean;
  /** What has to be closed with the app. */
  readonly own: readonly AsyncDisposable[];
}

/** The services that were given, or ones in this process. `invalid_argument` when only some were given. */
export function chooseRunServices({ runLog, topic, leases }: Partial<RunServices>): ChosenRunServices {
  if (runLog !== undefined && topic !== undefined && leases !== undefined)
    return { runLog, topic, leases, shared: true, own: [] };
  if (runLog !== undefined || topic !== undefined || leases !== undefined) {
    throw new RuntimeError(
      "invalid_argument",
      "Invalid AgentApp options: services.runLog, services.topic and services.leases go together: give all or none.",
      { details: { field: "services" } },
    );
  }
  const own = { runLog: new InProcessRunLog(), topic: new InProcessTopic(), leases: new InProcessLeases() };
  return { ...own, shared: false, own: Object.values(own) };
}
