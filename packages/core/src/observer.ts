import type { AgentEvent, AgentResponse } from "@agentscope-runtime/protocol";

export interface ObservedRun {
  readonly runId: string;
  readonly agent: string;
  readonly sessionId: string;
  readonly userId: string;
  /** The caller's W3C trace context, where it sent one. */
  readonly traceparent: string | undefined;
}

/** Told about one run. It is called while the run waits, so it must be quick and must not throw. */
export interface RunObserver {
  /** Runs the agent's code inside of the observer's own context, such as an active span. */
  within<T>(work: () => T): T;
  event(event: AgentEvent): void;
  /** The last call: the response that the run ended with. */
  ended(response: AgentResponse): void;
}

/** The port for tracing and metrics. */
export interface Observer {
  runStarted(run: ObservedRun): RunObserver;
}

const quietRun: RunObserver = { within: (work) => work(), event: () => undefined, ended: () => undefined };

export const silentObserver: Observer = { runStarted: () => quietRun };
