import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Budget, MultitaskStrategy, OnDisconnect } from "@agentscope-runtime/protocol";
import { InProcessState, InProcessTaskQueue } from "@agentscope-runtime/services";
import type { Topic } from "@agentscope-runtime/services";
import { approvalRoutes } from "./approval-routes.ts";
import { Approvals } from "./approvals.ts";
import { defaultLimits } from "./app-limits.ts";
import type { AppLimits } from "./app-limits.ts";
import type { Authenticate } from "./authenticate.ts";
import { createDoor } from "./app-door.ts";
import { AppSockets } from "./app-sockets.ts";
import { AppTasks } from "./app-tasks.ts";
import type { TaskHandler } from "./app-tasks.ts";
import { corsHeaders, preflightReply } from "./cors.ts";
import type { CorsOptions } from "./cors.ts";
import type { DeployTarget } from "./deploy-target.ts";
import { disposeAll } from "./dispose-all.ts";
import type { EndpointFactory } from "./endpoint.ts";
import { errorReply } from "./error-reply.ts";
import type { Gateway, GatewayHost, OpenGateway } from "./gateway.ts";
import { healthRoutes } from "./health-routes.ts";
import type { ReadinessCheck } from "./health-routes.ts";
import type { HttpReply, HttpRequest } from "./http.ts";
import type { Identity } from "./identity.ts";
import { silentLogger } from "./logger.ts";
import type { Logger } from "./logger.ts";
import { metricsRoute } from "./metrics-route.ts";
import type { Observer } from "./observer.ts";
import { openApiDocument } from "./openapi.ts";
import { processRoutes } from "./process-routes.ts";
import type { Route } from "./route.ts";
import { Router } from "./router.ts";
import type { RunDoor } from "./run-door.ts";
import { runRoutes } from "./run-routes.ts";
import { chooseRunServices } from "./run-services.ts";
import type { AppServices } from "./run-services.ts";
import { Runner } from "./runner.ts";
import type { LifecycleHandler, QueryHandler } from "./runner.ts";
import { Runs } from "./runs.ts";
import { sessionRoutes } from "./session-routes.ts";
import type { UpgradeHandler } from "./socket.ts";
import type { SocketRoute } from "./socket-route.ts";
import { customTaskRoutes, processTaskRoutes } from "./task-routes.ts";

export interface AgentAppOptions {
  /** Default "agent". */
  readonly name?: string;
  readonly description?: string;
  /** Shown in the OpenAPI document. Default "0.0.0". */
  readonly version?: string;
  /** The app's only agent. Give this or `agents`. */
  readonly query?: QueryHandler;
  /**
   * Several agents by name; the first one answers where a request names none. A Runner brings its own options. With none at
   * all, `{}`, the app serves its routes, sockets and tasks, and has no paths for runs and sessions.
   */
  readonly agents?: Readonly<Record<string, Runner | QueryHandler>>;
  /** Runs before the first request, for what the agents need. */
  readonly init?: LifecycleHandler;
  /** Runs after the last request. */
  readonly shutdown?: LifecycleHandler;
  /** Runs when the agents are started, right before the app is ready. */
  readonly beforeStart?: (app: AgentApp) => Promise<void> | void;
  /** Runs when the last request is done; what it throws is logged. */
  readonly afterFinish?: (app: AgentApp) => Promise<void> | void;
  /**
   * What is kept, and where: for agents given as handlers, for the session routes, for runs and for background tasks. By
   * default there are no sessions, state and memory, and this process keeps the last 1,000 runs.
   */
  readonly services?: AppServices;
  readonly gateways?: readonly Gateway[];
  readonly endpoints?: readonly EndpointFactory[];
  /** Background tasks by path: `POST /path` begins one, `GET /path/:taskId` tells how it is doing. */
  readonly tasks?: Readonly<Record<string, TaskHandler>>;
  /** Paths that need the whole request or reply, such as a page. */
  readonly routes?: readonly Route[];
  /** Paths that talk over a WebSocket. */
  readonly sockets?: readonly SocketRoute[];
  /** Who may call. Without it anybody may, and is who the request says. */
  readonly authenticate?: Authenticate;
  readonly limits?: Partial<AppLimits>;
  /** Default: no page of another origin may call. */
  readonly cors?: CorsOptions;
  /** What happens to a run whose last reader is gone, where the request does not say. Default `cancel`. */
  readonly onDisconnect?: OnDisconnect;
  /** What a message does to a session that is busy, where the request does not say. Default `enqueue`. */
  readonly multitaskStrategy?: MultitaskStrategy;
  /** How long people may take to answer what an agent asks them, in milliseconds. Default one day. */
  readonly approvalMs?: number;
  /**
   * How often this replica tells the others that it is alive, in milliseconds. Default 2,000. After three times as long
   * in silence its runs are taken over.
   */
  readonly heartbeatMs?: number;
  /** Why the app is not ready, by the name of the part that is missing. */
  readonly readiness?: Readonly<Record<string, ReadinessCheck>>;
  /** Closed with the app, last first: give it what nobody else closes. */
  readonly resources?: readonly AsyncDisposable[];
  readonly logger?: Logger;
  /** For agents given as handlers. */
  readonly observer?: Observer;
  /** For agents given as handlers: see RunnerOptions. */
  readonly budget?: Budget;
  readonly stopGraceMs?: number;
  /** How long runs wait for services that are away, in milliseconds; then they fail. Default 15,000. */
  readonly patienceMs?: number;
}

const defaultDrainMs = 25_000;
const defaultApprovalMs = 24 * 60 * 60 * 1000;
const defaultHeartbeatMs = 2_000;

/**
 * The application: binds agents, gateways, hooks, endpoints and tasks into one HTTP handler. It opens no port: see
 * `serve` of `@agentscope-runtime/express`.
 *
 * @example
 * ```ts
 * const app = new AgentApp({ query: async function* () { yield "Hello"; } });
 * ```
 */
export class AgentApp implements AsyncDisposable {
  readonly name: string;
  readonly #options: AgentAppOptions;
  readonly #logger: Logger;
  readonly #agents: ReadonlyMap<string, Runner>;
  readonly #runs: Runs;
  readonly #approvals: Approvals;
  readonly #own: readonly AsyncDisposable[];
  readonly #tasks: AppTasks;
  readonly #router: Router;
  readonly #sockets: AppSockets;
  readonly #host: GatewayHost;
  #gateways: readonly OpenGateway[] = [];
  readonly #closing = new AbortController();
  #state: "new" | "ready" | "closed" = "new";

  /** Opens nothing. Throws `conflict` when two routes are the same and `invalid_argument` when there is no agent. */
  constructor(options: AgentAppOptions) {
    this.#options = options;
    this.name = options.name ?? "agent";
    this.#logger = options.logger ?? silentLogger;
    this.#agents = agentsOf(this.name, options);
    const limits = { ...defaultLimits, ...options.limits };
    const { own, ...runServices } = chooseRunServices(options.services ?? {});
    const state = options.services?.state ?? new InProcessState();
    const queue = options.services?.tasks ?? new InProcessTaskQueue();
    const { tasks: handlers = {} } = options;
    const concurrency = limits.maxConcurrentTasks;
    this.#tasks = new AppTasks({ queue, handlers, concurrency, logger: this.#logger });
    this.#approvals = new Approvals({ state, ttlMs: options.approvalMs ?? defaultApprovalMs });
    this.#runs = new Runs({
      ...runServices,
      ...limits,
      agents: this.#agents,
      approvals: this.#approvals,
      logger: this.#logger,
      patienceMs: options.patienceMs,
      heartbeatMs: options.heartbeatMs ?? defaultHeartbeatMs,
    });
    const given: readonly unknown[] = Object.values(options.services ?? {});
    this.#own = [...own, ...[state, queue].filter((service) => !given.includes(service))];
    const { description = "", cors, sockets = [], gateways = [] } = options;
    const { maxBodyBytes, maxSockets } = limits;
    const runs = this.#door(runServices.topic);
    const identify = async (request: HttpRequest): Promise<Identity | undefined> => this.#identify(request);
    this.#host = { name: this.name, description, runs, identify, maxBodyBytes, logger: this.#logger };
    this.#router = new Router(this.#routes(this.#host));
    this.#sockets = new AppSockets({
      routes: [...gateways.flatMap((gateway) => gateway.sockets?.(this.#host) ?? []), ...sockets],
      cors,
      logger: this.#logger,
      maxSockets,
      maxMessageBytes: maxBodyBytes,
      identify,
      assertReady: () => {
        this.#assertReady();
      },
    });
  }

  /** Starts the agents and makes the app ready. A second start changes nothing. */
  async start(): Promise<void> {
    if (this.#state === "ready") return;
    if (this.#state === "closed") throw new RuntimeError("unavailable", "A closed app cannot be started again.");
    await this.#options.init?.();
    for (const runner of this.#agents.values()) await runner.start();
    await this.#options.beforeStart?.(this);
    await this.#runs.open();
    this.#tasks.start();
    this.#state = "ready";
    const { gateways = [] } = this.#options;
    this.#gateways = gateways.flatMap((gateway) => gateway.open?.(this.#host) ?? []);
  }

  /**
   * Ends the app: no new runs, those under way get `drainMs` to finish (default 25,000) and are canceled after it; then
   * the agents shut down and the resources are closed. A second call changes nothing.
   */
  async close({ drainMs = defaultDrainMs }: { readonly drainMs?: number } = {}): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#closing.abort(new RuntimeError("unavailable", notReady.closed));
    const leaving = this.#gateways.map(async (gateway) => this.#hook("leave", () => gateway.leave()));
    await Promise.all([this.#runs.drain(drainMs), ...leaving]);
    await this.#sockets.close();
    await this.#tasks[Symbol.asyncDispose]();
    await this.#hook("afterFinish", () => this.#options.afterFinish?.(this));
    for (const [name, runner] of this.#agents) await this.#hook(`shutdown of ${name}`, () => runner.stop());
    await this.#hook("shutdown", () => this.#options.shutdown?.());
    await disposeAll([...this.#own, ...(this.#options.resources ?? []), this.#runs, ...this.#gateways]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Hands the app to anything that can deploy it. */
  async deploy<O, R>(target: DeployTarget<AgentApp, O, R>, options: O): Promise<R> {
    return target.deploy(this, options);
  }

  /** Answers a request; undefined when no route has its path. Never rejects: what goes wrong is an error reply. */
  readonly handle = async (request: HttpRequest): Promise<HttpReply | undefined> => {
    const { cors } = this.#options;
    if (cors === undefined) return this.#answer(request);
    const preflight = preflightReply(cors, request);
    if (preflight !== undefined) return preflight;
    const reply = await this.#answer(request);
    return reply && { ...reply, headers: { ...reply.headers, ...corsHeaders(cors, request) } };
  };

  /** Answers a request for a WebSocket; undefined when no socket has its path. Never rejects. */
  readonly upgrade: UpgradeHandler = async (request) => this.#sockets.upgrade(request);

  async #answer(request: HttpRequest): Promise<HttpReply | undefined> {
    let route: Route | undefined;
    try {
      const match = this.#router.find(request.method, request.path);
      if (match === undefined) return undefined;
      ({ route } = match);
      const { params } = match;
      const identity = route.public === true ? undefined : await this.#identify(request);
      return await route.handle({ http: request, params, query: new URLSearchParams(request.search), identity });
    } catch (thrown) {
      return this.#failed(request, thrown, route);
    }
  }

  async #identify(request: HttpRequest): Promise<Identity | undefined> {
    const { authenticate } = this.#options;
    if (authenticate === undefined) return undefined;
    const identity = await authenticate(request);
    if (identity === undefined)
      throw new RuntimeError("unauthenticated", "Who are you? Send a valid Authorization header.");
    return identity;
  }

  #failed({ method, path }: HttpRequest, thrown: unknown, route: Route | undefined): HttpReply {
    const error = RuntimeError.from(thrown);
    if (error.code === "internal") this.#logger.error({ err: thrown, method, path }, "A request failed.");
    if (route?.errorReply !== undefined) return route.errorReply(error);
    const { allowed } = error.details;
    return errorReply(error, error.code === "method_not_allowed" ? { allow: String(allowed) } : {});
  }

  async #hook(name: string, run: () => Promise<void> | void): Promise<void> {
    try {
      await run();
    } catch (thrown) {
      this.#logger.error({ err: thrown }, `The hook ${name} failed.`);
    }
  }

  #routes(host: GatewayHost): readonly Route[] {
    const { version = "0.0.0", gateways = [], endpoints = [], tasks = {}, routes = [] } = this.#options;
    const { description, maxBodyBytes } = host;
    const listed: Route[] = [
      ...(this.#agents.size === 0 ? [] : this.#agentRoutes(host)),
      ...healthRoutes({
        isReady: () => this.#state === "ready",
        checks: { ...this.#ownChecks(), ...this.#options.readiness },
      }),
      metricsRoute(this.#runs),
      ...Object.keys(tasks).flatMap((path) => customTaskRoutes(path, { tasks: this.#tasks, maxBodyBytes })),
      ...endpoints.map((make) => make(maxBodyBytes)),
      ...gateways.flatMap((gateway) => gateway.routes(host)),
      ...routes,
    ];
    let document: unknown;
    const openApi: Route = {
      method: "GET",
      path: "/openapi.json",
      public: true,
      doc: { summary: "This document.", tag: "about" },
      handle: () => {
        document ??= openApiDocument(listed, { title: this.name, description, version });
        return { status: 200, body: { json: document } };
      },
    };
    listed.push(openApi);
    return listed;
  }

  #agentRoutes({ runs, maxBodyBytes }: GatewayHost): readonly Route[] {
    return [
      ...processRoutes(runs, maxBodyBytes),
      ...processTaskRoutes(runs, maxBodyBytes),
      ...runRoutes(runs),
      ...approvalRoutes(runs, maxBodyBytes),
      ...sessionRoutes(this.#options.services?.sessions),
    ];
  }

  #ownChecks(): Readonly<Record<string, ReadinessCheck>> {
    return {
      runs: () => (this.#state === "ready" ? this.#runs.problem : undefined),
      tasks: () => this.#tasks.problem,
    };
  }

  #door(topic: Topic): RunDoor {
    const { services = {}, onDisconnect = "cancel", multitaskStrategy = "enqueue" } = this.#options;
    return createDoor({
      agents: [...this.#agents.keys()],
      runs: this.#runs,
      topic,
      approvals: this.#approvals,
      services,
      onDisconnect,
      multitaskStrategy,
      closing: this.#closing.signal,
      assertReady: () => {
        this.#assertReady();
      },
    });
  }

  #assertReady(): void {
    if (this.#state !== "ready") throw new RuntimeError("unavailable", notReady[this.#state]);
  }
}

const notReady = {
  new: "The app is not started: call `start()` first.",
  closed: "The server is shutting down: try another replica.",
} as const;

function agentsOf(name: string, options: AgentAppOptions): ReadonlyMap<string, Runner> {
  const { query, agents, services, logger, observer, budget, stopGraceMs, patienceMs } = options;
  const given = Object.entries(agents ?? {});
  if ((query === undefined) === (agents === undefined)) {
    throw new RuntimeError("invalid_argument", "Invalid AgentApp options: give either `query` or `agents`.");
  }
  const shared = { services, logger, observer, budget, stopGraceMs, patienceMs };
  const present = Object.fromEntries(Object.entries(shared).filter(([, value]) => value !== undefined));
  const runnerOf = (agent: Runner | QueryHandler): Runner =>
    typeof agent === "function" ? new Runner({ ...present, queryHandler: agent }) : agent;
  return new Map(query === undefined ? given.map(([key, agent]) => [key, runnerOf(agent)]) : [[name, runnerOf(query)]]);
}
