import { agentRequestSchema, parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentRequest, AgentRequestInput, AgentResponse } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { AgentReply } from "./agent-reply.ts";
import { outputsOf } from "./agent-reply.ts";
import { Breather } from "./breather.ts";
import type { DeployTarget } from "./deploy-target.ts";
import type { Identity } from "./identity.ts";
import type { Logger } from "./logger.ts";
import { silentLogger } from "./logger.ts";
import { Narrator } from "./narrator.ts";
import type { Ending } from "./narrator.ts";
import { silentObserver } from "./observer.ts";
import type { Observer, RunObserver } from "./observer.ts";
import { prepareRequest } from "./prepare-request.ts";
import type { PreparedRequest } from "./prepare-request.ts";
import type { RunContext } from "./run-context.ts";
import { scopeServices } from "./run-scope.ts";
import type { RunnerServices } from "./run-scope.ts";
import { runLogger } from "./run-logger.ts";
import { RunStop } from "./run-stop.ts";
import { untilStopped } from "./until-stopped.ts";

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
  /** The longest a run may take; it then ends `incomplete`. Milliseconds, default one hour. */
  readonly maxRunMs?: number;
  /**
   * How long an agent may take to stop once its signal aborted, in milliseconds. After it the run ends all the same and
   * the agent is left to itself. Default 5,000.
   */
  readonly stopGraceMs?: number;
}

/** What a run is told about its surroundings. All of it has a default. */
export interface RunOptions extends CallOptions {
  readonly agent?: string;
  readonly identity?: Identity;
  readonly traceparent?: string | undefined;
}

const defaultMaxRunMs = 60 * 60 * 1000;
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
  #started = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
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
    yield* this.run(prepareRequest(parse(agentRequestSchema, request, "request"), options?.identity), options);
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

  /** The same as `streamQuery` for a request that is parsed already: what apps and gateways call. */
  async *run(request: PreparedRequest, options: RunOptions = {}): AsyncGenerator<AgentEvent, void, undefined> {
    if (!this.#started) throw new RuntimeError("unavailable", "The agent is not started: call `start()` first.");
    const { id: runId, session_id: sessionId, user_id: userId } = request;
    const { agent = "agent", identity = { userId }, traceparent } = options;
    const logger = runLogger(this.#logger, runId);
    const observer = (this.#options.observer ?? silentObserver).runStarted({
      runId,
      agent,
      sessionId,
      userId,
      traceparent,
    });
    const narrator = new Narrator({ runId, sessionId });
    const stop = new RunStop(options.signal, this.#options.maxRunMs ?? defaultMaxRunMs);
    const { signal } = stop;
    const breather = new Breather();
    const context: RunContext = {
      runId,
      agent,
      identity,
      signal,
      logger,
      ...scopeServices(this.#options.services ?? {}, { userId, sessionId }, { agent, signal }),
    };
    let complete = false;
    try {
      for (const event of narrator.begin()) yield observed(event);
      let ending: Ending | undefined;
      try {
        const outputs = outputsOf(() => this.#options.queryHandler(request, context));
        const source = boundTo(observer, outputs);
        const graceMs = this.#options.stopGraceMs ?? defaultStopGraceMs;
        const onAbandoned = (): void => {
          logger.warn({ graceMs }, "The agent ignored its signal; the run ends without it.");
        };
        for await (const output of untilStopped(source, { signal, graceMs, onAbandoned })) {
          for (const event of narrator.tell(output)) yield observed(event);
          const pause = breather.step();
          if (pause !== undefined) await pause;
        }
        complete = true;
      } catch (thrown) {
        ending = stop.endingOf(thrown);
        if (ending.status === "failed") logger.error({ err: thrown }, "The agent failed.");
      }
      for (const event of narrator.close(ending)) yield observed(event);
      ending = await this.#remember(request, narrator, { ending, logger });
      const last = narrator.end(ending);
      observer.event(last);
      observer.ended(last);
      yield last;
    } finally {
      stop.close({ complete });
    }

    function observed(event: AgentEvent): AgentEvent {
      observer.event(event);
      return event;
    }
  }

  /** Writes the run into its session. A run whose words cannot be kept has failed. */
  async #remember(
    request: PreparedRequest,
    narrator: Narrator,
    { ending, logger }: { readonly ending: Ending | undefined; readonly logger: Logger },
  ): Promise<Ending | undefined> {
    const sessions = this.#options.services?.sessions;
    if (sessions === undefined) return ending;
    try {
      const key = { userId: request.user_id, sessionId: request.session_id };
      await sessions.append(key, [...request.input, ...narrator.output]);
      return ending;
    } catch (thrown) {
      logger.error({ err: thrown }, "The session history could not be written.");
      const error = new RuntimeError("unavailable", "The answer could not be saved to the session.");
      return ending ?? { status: "failed", error: error.toJSON() };
    }
  }
}

/** Pulls from the source inside of the observer's context, so that what the agent traces hangs below the run. */
function boundTo<T>(observer: RunObserver, source: AsyncGenerator<T>): AsyncIterator<T, unknown, undefined> {
  return {
    next: () => observer.within(() => source.next()),
    return: () => observer.within(() => source.return(undefined)),
  };
}
