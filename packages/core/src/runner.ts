import { agentRequestSchema, parse, RuntimeError } from "@agentscope-runtime/protocol";
import type {
  AgentEvent,
  AgentRequest,
  AgentRequestInput,
  AgentResponse,
  Budget,
  Message,
} from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { AgentOutput } from "./agent-output.ts";
import type { AgentReply } from "./agent-reply.ts";
import { approvalHash } from "./approvals.ts";
import type { AskedApproval, GrantedApproval } from "./approvals.ts";
import { Breather } from "./breather.ts";
import type { DeployTarget } from "./deploy-target.ts";
import { handOver } from "./hand-over.ts";
import type { Identity } from "./identity.ts";
import type { Logger } from "./logger.ts";
import { silentLogger } from "./logger.ts";
import { Narrator } from "./narrator.ts";
import type { Ending } from "./narrator.ts";
import { silentObserver } from "./observer.ts";
import type { Observer } from "./observer.ts";
import { prepareRequest } from "./prepare-request.ts";
import type { PreparedRequest } from "./prepare-request.ts";
import { pullOutputs } from "./pull-outputs.ts";
import { BudgetMeter, strictest } from "./run-budget.ts";
import type { RunContext } from "./run-context.ts";
import { scopeServices } from "./run-scope.ts";
import type { RunnerServices } from "./run-scope.ts";
import { RunLogger } from "./run-logger.ts";
import { isRollback } from "./rollback.ts";
import { RunStop } from "./run-stop.ts";
import { writeDurably } from "./write-durably.ts";

/** Answers one request. Runs once per request, so several of it may be under way at once. */
export type QueryHandler = (request: AgentRequest, context: RunContext) => AgentReply;

/** Opens or closes what the agent needs. Sync or async. */
export type LifecycleHandler = () => Promise<void> | void;

export interface RunnerOptions {
  readonly queryHandler: QueryHandler;
  /** Runs in `start`, before any request. */
  readonly initHandler?: LifecycleHandler;
  /** Runs in `stop`, after the last request. */
  readonly shutdownHandler?: LifecycleHandler;
  readonly services?: RunnerServices;
  /** Default: nothing is written. */
  readonly logger?: Logger;
  readonly observer?: Observer;
  /** What every run may use up at the most; a request can only ask for less. Default: a `wall_time` of one hour. */
  readonly budget?: Budget;
  /**
   * How long an agent may take to stop once its signal aborted, in milliseconds. After it the run ends all the same and
   * the agent is left to itself. Default 5,000.
   */
  readonly stopGraceMs?: number;
  /** How long a service that is away is waited for when the run is written to its session. Default 15,000. */
  readonly patienceMs?: number;
}

/** What a run is told about its surroundings. All of it has a default. */
export interface RunOptions extends CallOptions {
  readonly agent?: string;
  readonly identity?: Identity;
  readonly traceparent?: string | undefined;
  /** The decisions that the request brings. */
  readonly approvals?: readonly GrantedApproval[] | undefined;
  /** Keeps what the agent asks a person for, before anybody is told. */
  readonly ask?: (asked: AskedApproval) => Promise<void>;
}

/** The same, for who stops the run. */
export interface ExecuteOptions extends Omit<RunOptions, "signal"> {
  readonly stop: RunStop;
}

/** Is told a run's events as they happen. A promise that it returns is waited for: that is its back-pressure. */
export type Emit = (events: readonly AgentEvent[]) => Promise<void> | undefined;

const defaultBudget: Budget = { wall_time: 60 * 60 * 1000 };
/** What a run may take that is not limited: more than a timer can count. */
const endlessMs = Infinity;
const defaultStopGraceMs = 5_000;

/**
 * Runs an agent once per request and tells the story as events of the wire.
 *
 * @example
 * ```ts
 * await using runner = new Runner({ queryHandler: async function* () { yield "Hello"; } });
 * await runner.start();
 * const response = await runner.query({ input: [] });
 * ```
 */
export class Runner implements AsyncDisposable {
  readonly #options: RunnerOptions;
  readonly #logger: Logger;
  readonly #limits: Budget;
  #started = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#limits = { ...defaultBudget, ...options.budget };
  }

  /** True between `start` and `stop`. */
  get started(): boolean {
    return this.#started;
  }

  /** Runs the init handler. A second start changes nothing. */
  async start(): Promise<void> {
    if (this.#started) return;
    await this.#options.initHandler?.();
    this.#started = true;
  }

  /** Runs the shutdown handler. Stopping what is not started changes nothing. */
  async stop(): Promise<void> {
    if (!this.#started) return;
    this.#started = false;
    await this.#options.shutdownHandler?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * The events of one run, as they happen. The last one is always a response with a final status: a failure of the agent
   * is an event and not an exception. What is wrong with the request is thrown, before the first event.
   *
   * Leaving the loop stops the agent.
   */
  async *streamQuery(request: AgentRequestInput, options?: RunOptions): AsyncGenerator<AgentEvent, void, undefined> {
    const prepared = prepareRequest(parse(agentRequestSchema, request, "request"), options?.identity);
    const stop = new RunStop();
    const caller = options?.signal;
    const onAbort = (): void => {
      stop.stop(caller?.reason);
    };
    if (caller?.aborted === true) onAbort();
    else caller?.addEventListener("abort", onAbort);
    try {
      yield* handOver<AgentEvent>(
        async (put) => this.execute(prepared, { ...options, stop }, put),
        () => {
          stop.stop(new RuntimeError("canceled", "The caller left the run."));
        },
      );
    } finally {
      caller?.removeEventListener("abort", onAbort);
    }
  }

  /** Runs to the end and returns the last event. */
  async query(request: AgentRequestInput, options?: RunOptions): Promise<AgentResponse> {
    let last: AgentEvent | undefined;
    for await (const event of this.streamQuery(request, options)) last = event;
    if (last?.object !== "response") throw new RuntimeError("internal", "The run ended without a response.");
    return last;
  }

  /** Hands the runner to anything that can deploy it. */
  async deploy<O, R>(target: DeployTarget<Runner, O, R>, options: O): Promise<R> {
    return target.deploy(this, options);
  }

  /**
   * The same for a request that is parsed already, told to `emit`: what apps and gateways call. Resolves when the run has
   * ended; its last event comes alone.
   */
  async execute(request: PreparedRequest, options: ExecuteOptions, emit: Emit): Promise<void> {
    if (!this.#started) throw new RuntimeError("unavailable", "The agent is not started: call `start()` first.");
    const { id: runId, session_id: sessionId, user_id: userId } = request;
    const { agent = "agent", identity = { userId }, traceparent, approvals = [], stop } = options;
    const { queryHandler, services = {}, stopGraceMs = defaultStopGraceMs } = this.#options;
    const limits = request.budget === null ? this.#limits : strictest(this.#limits, request.budget);
    const logger = new RunLogger(this.#logger, runId);
    const run = { runId, agent, sessionId, userId, traceparent };
    const observer = (this.#options.observer ?? silentObserver).runStarted(run);
    const narrator = new Narrator({ runId, sessionId });
    const { signal } = stop;
    stop.limit(limits.wall_time ?? endlessMs);
    const budget = new BudgetMeter(limits, stop);
    const scope = scopeServices(services, { userId, sessionId }, { runId, agent, signal });
    const isApproved = (name: string, toolArguments: unknown): boolean => {
      const hash = approvalHash(name, toolArguments);
      return approvals.some((approval) => approval.approve && approval.hash === hash);
    };
    const context: RunContext = { runId, agent, identity, signal, logger, budget, isApproved, ...scope };
    const say = (events: readonly AgentEvent[]): Promise<void> | undefined => {
      if (events.length === 0) return undefined;
      for (const event of events) observer.event(event);
      return emit(events);
    };
    const breather = new Breather();
    const tell = (output: AgentOutput): Promise<void> | undefined => {
      budget.count(output);
      if (signal.aborted) return undefined; // That one was too many.
      if (options.ask !== undefined && typeof output === "object" && output.type === "approval.request") {
        return options.ask(output).then(() => say(narrator.tell(output)));
      }
      return say(narrator.tell(output)) ?? breather.step();
    };
    let complete = false;
    let ending: Ending | undefined;
    try {
      await say(narrator.begin());
      try {
        // What the agent traces hangs below the run.
        await observer.within(() =>
          pullOutputs({
            reply: () => queryHandler(request, context),
            tell,
            signal,
            graceMs: stopGraceMs,
            onAbandoned: () => {
              logger.warn({ graceMs: stopGraceMs }, "The agent ignored its signal; the run ends without it.");
            },
          }),
        );
        complete = true;
      } catch (thrown) {
        ending = stop.endingOf(thrown);
        if (ending.status === "failed") logger.error({ err: thrown }, "The agent failed.");
      }
      await say(narrator.close(ending));
      ending = await this.#remember(request, narrator.output, { ending, logger, signal });
      const last = narrator.end(ending);
      observer.event(last);
      observer.ended(last);
      await emit([last]);
    } finally {
      stop.close({ complete });
    }
  }

  /** Adds a run to its session: what was asked and what was answered. Nothing without a service for sessions. */
  async remember(request: PreparedRequest, output: readonly Message[]): Promise<void> {
    const key = { userId: request.user_id, sessionId: request.session_id };
    await this.#options.services?.sessions?.append(key, [...request.input, ...output]);
  }

  /** Whether a run is in its session's history already, among the last messages. */
  async remembers(request: PreparedRequest): Promise<boolean> {
    const key = { userId: request.user_id, sessionId: request.session_id };
    const page = await this.#options.services?.sessions?.read(key);
    const asked = new Set(request.input.map(({ id }) => id));
    return page?.items.some(({ id }) => asked.has(id)) === true;
  }

  /** A run whose words cannot be kept has failed; one that was rolled back is not remembered. */
  async #remember(
    request: PreparedRequest,
    output: readonly Message[],
    { ending, logger, signal }: Remembering,
  ): Promise<Ending | undefined> {
    if (signal.aborted && isRollback(signal.reason)) return ending;
    try {
      await writeDurably(() => this.remember(request, output), {
        isDone: () => this.remembers(request),
        patienceMs: this.#options.patienceMs,
      });
      return ending;
    } catch (thrown) {
      logger.error({ err: thrown }, "The session history could not be written.");
      const error = new RuntimeError("unavailable", "The answer could not be saved to the session.");
      return ending ?? { status: "failed", error: error.toJSON() };
    }
  }
}

interface Remembering {
  readonly ending: Ending | undefined;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}
