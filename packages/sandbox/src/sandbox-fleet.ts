import { randomUUID } from "node:crypto";
import { disposeAll, silentLogger } from "@agentscope-runtime/core";
import type { Logger } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { InProcessLeases, InProcessState, InProcessTopic } from "@agentscope-runtime/services";
import type { Leases, SessionKey, StateService, Topic } from "@agentscope-runtime/services";
import { limitedBackend } from "./limited-backend.ts";
import type { SandboxTimes } from "./managed-sandbox.ts";
import { PooledBackend } from "./pooled-backend.ts";
import type { SandboxBackend } from "./sandbox-backend.ts";
import type { SandboxEvent } from "./sandbox-event.ts";
import { SandboxKeeper } from "./sandbox-keeper.ts";
import { SandboxRegister } from "./sandbox-register.ts";
import type { SandboxSpec, SandboxType } from "./sandbox-spec.ts";
import { sandboxTypes } from "./sandbox-types.ts";
import { TrustedUsers } from "./trusted-users.ts";

/** What several managers share. Yours: none of it is closed. */
export interface SandboxManagerServices {
  readonly state: StateService;
  readonly leases: Leases;
  readonly topic: Topic;
}

export interface SandboxFleetOptions {
  /** Yours: it is not closed. */
  readonly backend: SandboxBackend;
  /** What may be asked for. Default the four that come with the runtime. */
  readonly types?: readonly SandboxType[];
  /** Default: this process's own. */
  readonly services?: SandboxManagerServices;
  /** How many sandboxes of a type are kept ready, by the type's name. Default none. */
  readonly pool?: Readonly<Record<string, number>>;
  /** How many there may be: of one user, and in all, those that are kept ready among them. */
  readonly limits?: { readonly perUser?: number; readonly total?: number };
  /** Default: paused after 5 minutes without use, ended after an hour, a warning a minute before the time to live is over. */
  readonly times?: Partial<SandboxTimes>;
  /** How often sandboxes are looked for whose process is gone, in milliseconds. Default 30,000. */
  readonly sweepMs?: number;
  /**
   * Whether several users may share a backend that isolates nothing (`isolation: "none"`): what one runs can then read and change what
   * is another's, and this machine's. Default false: such a backend serves the first user only, anybody else is `permission_denied`.
   */
  readonly allowUnisolated?: boolean;
  readonly onEvent?: (event: SandboxEvent) => void;
  readonly logger?: Logger;
}

interface FleetPlan {
  /** Where the options name no limits. */
  readonly defaultLimits: { readonly perUser: number; readonly total: number };
  /** What those of the pool are, besides their type. */
  readonly pooled: Omit<SandboxSpec, "type">;
  /** Another process was asked to release a session. */
  readonly onReleased: (session: SessionKey) => void;
}

const defaultTimes: SandboxTimes = { idlePauseMs: 5 * 60_000, idleEndMs: 3_600_000, warnMs: 60_000 };
const defaultSweepMs = 30_000;

/** By which the keeper knows whose process is gone. */
export const managerLabel = "manager";

/** The sandboxes of a backend as one process has them: made from a pool and within limits, entered in a register, taken care of. */
export class SandboxFleet implements AsyncDisposable {
  readonly types: ReadonlyMap<string, SandboxType>;
  readonly services: SandboxManagerServices;
  readonly users: TrustedUsers;
  readonly backend: PooledBackend;
  readonly register: SandboxRegister;
  /** Rejects where it could not begin. */
  readonly keeper: Promise<SandboxKeeper>;
  readonly logger: Logger;
  readonly #id = randomUUID();
  /** Services that are not shared. */
  readonly #own: readonly AsyncDisposable[];

  /** `not_found` for a pool of a type that there is not. */
  constructor(options: SandboxFleetOptions, { defaultLimits, pooled, onReleased }: FleetPlan) {
    const { types = sandboxTypes, pool = {}, logger = silentLogger } = options;
    const { perUser = defaultLimits.perUser, total = defaultLimits.total } = options.limits ?? {};
    const own = { topic: new InProcessTopic(), leases: new InProcessLeases(), state: new InProcessState() };
    this.#own = Object.values(own);
    this.services = options.services ?? own;
    this.logger = logger;
    this.types = new Map(types.map((type) => [type.name, type]));
    this.users = new TrustedUsers(options.backend, options.allowUnisolated);
    this.backend = new PooledBackend({
      backend: limitedBackend(options.backend, total),
      pools: Object.entries(pool).map(([type, size]) => ({ spec: this.specOf(type, pooled), size })),
      onError: (thrown, { type }) => {
        logger.warn({ type: type.name, err: thrown }, "A sandbox for the pool cannot be made.");
      },
    });
    const listIds = async (): Promise<ReadonlySet<string>> => new Set((await this.backend.list()).map(({ id }) => id));
    this.register = new SandboxRegister({ ...this.services, perUser, listIds });
    this.keeper = SandboxKeeper.open({
      managerId: this.#id,
      backend: this.backend,
      times: { ...defaultTimes, ...options.times },
      leases: this.services.leases,
      topic: this.services.topic,
      sweepMs: options.sweepMs ?? defaultSweepMs,
      logger,
      onEvent: options.onEvent ?? (() => undefined),
      onEnded: (sandboxId, { userId }) => {
        this.#forget(sandboxId, userId);
      },
      onReleased,
    });
  }

  /** `not_found` for a name that no type has. */
  typeOf(name: string): SandboxType {
    const type = this.types.get(name);
    if (type !== undefined) return type;
    const message = `There is no sandbox type ${JSON.stringify(name)}; there are: ${[...this.types.keys()].join(", ")}.`;
    throw new RuntimeError("not_found", message);
  }

  /** A sandbox of this fleet. `not_found` for a name that no type has. */
  specOf(type: string, spec: Omit<SandboxSpec, "type">): SandboxSpec {
    return { ...spec, type: this.typeOf(type), labels: { ...spec.labels, [managerLabel]: this.#id } };
  }

  /** Ends all the sandboxes that it takes care of. */
  async [Symbol.asyncDispose](): Promise<void> {
    const keeper = await this.keeper.catch(() => undefined);
    await disposeAll([...this.#own, ...(keeper === undefined ? [] : [keeper]), this.backend]);
  }

  #forget(sandboxId: string, userId: string): void {
    void this.register
      .strike(userId, (entry) => entry.sandboxId === sandboxId)
      .catch((thrown: unknown) => {
        // The next one who asks for it finds that it has ended.
        this.logger.debug({ sandboxId, err: thrown }, "A sandbox that has ended stays in the register.");
      });
  }
}
