import { randomUUID } from "node:crypto";
import { disposeAll, silentLogger } from "@agentscope-runtime/core";
import type { Logger } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { InProcessLeases, InProcessState, InProcessTopic, Lifetime } from "@agentscope-runtime/services";
import type { CallOptions, StateService } from "@agentscope-runtime/services";
import { LeasedSandbox } from "../leased-sandbox.ts";
import { limitedBackend } from "../limited-backend.ts";
import type { ManagedSandbox, SandboxTimes } from "../managed-sandbox.ts";
import { PooledBackend } from "../pooled-backend.ts";
import { resolveSandboxSpec } from "../resolve-sandbox-spec.ts";
import type { SandboxAbilities, SandboxBackend, SandboxRecord } from "../sandbox-backend.ts";
import type { SandboxEnd } from "../sandbox-end.ts";
import type { SandboxEvent } from "../sandbox-event.ts";
import { SandboxKeeper } from "../sandbox-keeper.ts";
import type { SandboxManagerServices } from "../sandbox-manager.ts";
import { SandboxRegister } from "../sandbox-register.ts";
import type { SandboxSpec, SandboxType } from "../sandbox-spec.ts";
import { sandboxTypes } from "../sandbox-types.ts";
import type { Sandbox, SandboxSnapshot } from "../sandbox.ts";
import { TrustedUsers } from "../trusted-users.ts";

export interface SandboxHostOptions {
  /** Yours: it is not closed. */
  readonly backend: SandboxBackend;
  /** What may be asked for. Default the four that come with the runtime. */
  readonly types?: readonly SandboxType[];
  /** Default: this process's own. With shared ones, a host that starts again knows whose its sandboxes are. */
  readonly services?: SandboxManagerServices;
  /** How many sandboxes of a type are kept ready, by the type's name. Default none. */
  readonly pool?: Readonly<Record<string, number>>;
  /** How many there may be: of one owner (default 100), and in all (default 1,000). */
  readonly limits?: { readonly perUser?: number; readonly total?: number };
  /** Default: paused after 5 minutes without use, ended after an hour. */
  readonly times?: Partial<SandboxTimes>;
  /** How often sandboxes of hosts that are gone are looked for, in milliseconds. Default 30,000. */
  readonly sweepMs?: number;
  /**
   * Whether several users may share a backend that isolates nothing (`isolation: "none"`): what one runs can then read and change what
   * is another's, and this machine's. Default false: such a backend serves the first user only, anybody else is `permission_denied`.
   */
  readonly allowUnisolated?: boolean;
  /** `sessionId` is the sandbox's id. */
  readonly onEvent?: (event: SandboxEvent) => void;
  readonly logger?: Logger;
}

/** What a caller asks for: a type by name, with changes. */
export type HostedSpec = Omit<SandboxSpec, "type"> & { readonly type: string };

const defaultTimes: SandboxTimes = { idlePauseMs: 5 * 60_000, idleEndMs: 3_600_000, warnMs: 60_000 };
const defaultSweepMs = 30_000;
const defaultPerUser = 100;
const defaultTotal = 1000;

/**
 * Gives sandboxes of a backend to callers elsewhere, each to its owner only: anybody else's is `not_found`. It keeps a pool, pauses
 * what nobody uses and wakes it for the next call. `sandboxHostRoutes` serves it.
 */
export class SandboxHost implements AsyncDisposable {
  readonly #id = randomUUID();
  readonly #lifetime = new Lifetime("SandboxHost");
  readonly #types: ReadonlyMap<string, SandboxType>;
  readonly #backend: PooledBackend;
  readonly #register: SandboxRegister;
  readonly #users: TrustedUsers;
  readonly #state: StateService;
  readonly #keeper: Promise<SandboxKeeper>;
  readonly #own: readonly AsyncDisposable[];
  readonly #over = new AbortController();
  readonly #sandboxes = new WeakMap<ManagedSandbox, Sandbox>();

  private constructor(options: SandboxHostOptions) {
    const { types = sandboxTypes, pool = {}, limits = {}, logger = silentLogger } = options;
    const { perUser = defaultPerUser, total = defaultTotal } = limits;
    const own = { topic: new InProcessTopic(), leases: new InProcessLeases(), state: new InProcessState() };
    const services = options.services ?? own;
    this.#own = Object.values(own);
    this.#types = new Map(types.map((type) => [type.name, type]));
    this.#state = services.state;
    this.#users = new TrustedUsers(options.backend, options.allowUnisolated);
    this.#backend = new PooledBackend({
      backend: limitedBackend(options.backend, total),
      pools: Object.entries(pool).map(([type, size]) => ({ spec: this.#specOf({ type }), size })),
      onError: (thrown, { type }) => {
        logger.warn({ type: type.name, err: thrown }, "A sandbox for the pool cannot be made.");
      },
    });
    const listIds = async (): Promise<ReadonlySet<string>> => new Set((await this.#backend.list()).map(({ id }) => id));
    this.#register = new SandboxRegister({ ...services, perUser, listIds });
    this.#keeper = SandboxKeeper.open({
      managerId: this.#id,
      backend: this.#backend,
      times: { ...defaultTimes, ...options.times },
      leases: services.leases,
      topic: services.topic,
      sweepMs: options.sweepMs ?? defaultSweepMs,
      logger,
      onEvent: options.onEvent ?? (() => undefined),
      onEnded: (sandboxId, { userId }) => {
        void this.#register
          .strike(userId, (entry) => entry.sandboxId === sandboxId)
          .catch((thrown: unknown) => {
            logger.debug({ sandboxId, err: thrown }, "A sandbox that has ended stays in the register.");
          });
      },
      onReleased: () => undefined,
    });
  }

  /** Resolves when it may be asked; pools fill meanwhile. `not_found` for a pool of a type that is not registered. */
  static async open(options: SandboxHostOptions): Promise<SandboxHost> {
    const host = new SandboxHost(options);
    try {
      await host.#keeper;
      return host;
    } catch (thrown) {
      await host[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** What may be asked for. */
  get types(): readonly SandboxType[] {
    return [...this.#types.values()];
  }

  async abilities(options?: CallOptions): Promise<SandboxAbilities> {
    this.#lifetime.assertOpen(options);
    const abilities = await this.#backend.abilities(options);
    return { ...abilities, types: [...this.#types.keys()].filter((name) => abilities.types?.includes(name) ?? true) };
  }

  async create(owner: string, hosted: HostedSpec, options?: CallOptions): Promise<SandboxRecord> {
    this.#lifetime.assertOpen(options);
    if (hosted.snapshot !== undefined) await this.#assertSnapshot(owner, hosted.snapshot, options);
    const spec = this.#specOf(hosted);
    await this.#users.admit(owner);
    const place = randomUUID();
    await this.#register.enter(owner, { sessionId: place, type: hosted.type, sandboxId: null });
    try {
      const keeper = await this.#keeper;
      const sandbox = await this.#backend.create(spec, options);
      const session = { userId: owner, sessionId: sandbox.id };
      await this.#register.enter(owner, { sessionId: place, type: hosted.type, sandboxId: sandbox.id });
      keeper.keep(sandbox, session, Date.now() + resolveSandboxSpec(spec).ttlMs);
      return await this.get(owner, sandbox.id, options);
    } catch (thrown) {
      await this.#register.strike(owner, ({ sessionId }) => sessionId === place);
      throw thrown;
    }
  }

  async list(owner: string, options?: CallOptions): Promise<readonly SandboxRecord[]> {
    this.#lifetime.assertOpen(options);
    const own = new Set((await this.#register.read(owner, options)).map(({ sandboxId }) => sandboxId));
    return (await this.#backend.list(options)).filter(({ id }) => own.has(id)).map(withoutOurLabels);
  }

  async get(owner: string, id: string, options?: CallOptions): Promise<SandboxRecord> {
    const record = (await this.list(owner, options)).find((each) => each.id === id);
    if (record === undefined) throw nothingAt(id);
    return record;
  }

  /** The sandbox, for its owner: the same object each time. Each call wakes it where need be. */
  async sandbox(owner: string, id: string, options?: CallOptions): Promise<Sandbox> {
    const managed = await this.managed(owner, id, options);
    const sandbox = this.#sandboxes.get(managed) ?? new LeasedSandbox(managed, this.#over.signal);
    this.#sandboxes.set(managed, sandbox);
    return sandbox;
  }

  /** What else its owner may do with it. */
  async managed(owner: string, id: string, options?: CallOptions): Promise<ManagedSandbox> {
    this.#lifetime.assertOpen(options);
    const entries = await this.#register.read(owner, options);
    if (!entries.some(({ sandboxId }) => sandboxId === id)) throw nothingAt(id);
    const managed = await (await this.#keeper).reach(id, { userId: owner, sessionId: id });
    if (managed === undefined) throw nothingAt(id);
    return managed;
  }

  /** Ends it. Ending what is not there is no error. */
  async end(owner: string, id: string, options?: CallOptions): Promise<void> {
    try {
      await (await this.managed(owner, id, options))[Symbol.asyncDispose]();
    } catch (thrown) {
      if (!RuntimeError.is(thrown) || thrown.code !== "not_found") throw thrown;
    }
  }

  /** Resolves when it has ended. */
  async ended(owner: string, id: string, options?: CallOptions): Promise<SandboxEnd> {
    return (await this.managed(owner, id, options)).over;
  }

  async snapshot(owner: string, id: string, options?: CallOptions): Promise<SandboxSnapshot> {
    const snapshot = await (await this.managed(owner, id, options)).snapshot(options);
    await this.#state.save(snapshotKey(owner, snapshot.id), { kind: snapshot.kind });
    return snapshot;
  }

  /** Forgetting what is not there, or another's, is no error, and changes nothing. */
  async deleteSnapshot(owner: string, id: string, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    if ((await this.#state.load(snapshotKey(owner, id), options)) === undefined) return;
    await this.#backend.deleteSnapshot(id, options);
    await this.#state.delete(snapshotKey(owner, id), options);
  }

  /** Ends all the sandboxes that it takes care of. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    this.#over.abort();
    const keeper = await this.#keeper.catch(() => undefined);
    await disposeAll([...this.#own, ...(keeper === undefined ? [] : [keeper]), this.#backend]);
  }

  #specOf({ type: name, labels, ...rest }: HostedSpec): SandboxSpec {
    const type = this.#types.get(name);
    if (type !== undefined) return { ...rest, type, labels: { ...labels, [managerLabel]: this.#id } };
    const message = `There is no sandbox type ${JSON.stringify(name)}; there are: ${[...this.#types.keys()].join(", ")}.`;
    throw new RuntimeError("not_found", message);
  }

  async #assertSnapshot(owner: string, id: string, options?: CallOptions): Promise<void> {
    if ((await this.#state.load(snapshotKey(owner, id), options)) !== undefined) return;
    throw new RuntimeError("not_found", `There is no snapshot ${id}.`);
  }
}

/** By which the keeper knows whose manager is gone. */
const managerLabel = "manager";

const snapshotKey = (userId: string, id: string) => ({ userId, sessionId: id, name: "agentscope-runtime:snapshot" });

function withoutOurLabels(record: SandboxRecord): SandboxRecord {
  const { [managerLabel]: _, maker: __, ...labels } = record.labels;
  return { ...record, labels };
}

function nothingAt(id: string): RuntimeError {
  return new RuntimeError("not_found", `There is no sandbox ${id}, or it has ended.`);
}
