import { randomUUID } from "node:crypto";
import { disposeAll, silentLogger } from "@agentscope-runtime/core";
import type { Logger } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { InProcessLeases, InProcessState, InProcessTopic, Lifetime, untilAborted } from "@agentscope-runtime/services";
import type { CallOptions, Leases, SessionKey, StateService, Topic } from "@agentscope-runtime/services";
import { LeasedSandbox } from "./leased-sandbox.ts";
import type { ManagedSandbox, SandboxTimes } from "./managed-sandbox.ts";
import type { SandboxBackend } from "./sandbox-backend.ts";
import type { SandboxEvent } from "./sandbox-event.ts";
import { SandboxKeeper } from "./sandbox-keeper.ts";
import { limitedBackend } from "./limited-backend.ts";
import { PooledBackend } from "./pooled-backend.ts";
import { SandboxRegister } from "./sandbox-register.ts";
import type { RegisterEntry } from "./sandbox-register.ts";
import type { SandboxLease, SandboxService } from "./sandbox-service.ts";
import type { EgressRule, SandboxSpec, SandboxType } from "./sandbox-spec.ts";
import { sandboxTypes } from "./sandbox-types.ts";
import { TrustedUsers } from "./trusted-users.ts";
import { withLease } from "./with-lease.ts";

/** What several managers share. Yours: none of it is closed. */
export interface SandboxManagerServices {
  readonly state: StateService;
  readonly leases: Leases;
  readonly topic: Topic;
}

export interface SandboxManagerOptions {
  /** Yours: it is not closed. */
  readonly backend: SandboxBackend;
  /** What may be asked for. Default the four that come with the runtime. */
  readonly types?: readonly SandboxType[];
  /** Default: this process's own, for a manager that is alone. */
  readonly services?: SandboxManagerServices;
  /** How many sandboxes of a type are kept ready, by the type's name. Default none. */
  readonly pool?: Readonly<Record<string, number>>;
  /** How many there may be: of one user (default 10), and in all (default 100), those that are kept ready among them. */
  readonly limits?: { readonly perUser?: number; readonly total?: number };
  /** Default: paused after 5 minutes, ended after an hour, a warning a minute before the time to live is over. */
  readonly times?: Partial<SandboxTimes>;
  /** The time to live of each sandbox, in milliseconds. Default 1 hour. */
  readonly ttlMs?: number;
  /** Instead of what the types say. */
  readonly egress?: readonly EgressRule[];
  /** How often sandboxes of managers that are gone are looked for, in milliseconds. Default 30,000. */
  readonly sweepMs?: number;
  /**
   * Whether several users may share a backend that isolates nothing (`isolation: "none"`): what one runs can then read and change what
   * is another's, and this machine's. Default false: such a backend serves the first user only, anybody else is `permission_denied`.
   */
  readonly allowUnisolated?: boolean;
  readonly onEvent?: (event: SandboxEvent) => void;
  readonly logger?: Logger;
}

/** A session's sandbox of one type. */
interface Slot {
  readonly session: SessionKey;
  readonly managed: Promise<ManagedSandbox>;
  leases: number;
  /** It is to end as soon as no lease holds it. */
  isReleased: boolean;
}

type SlotKey = SessionKey & { readonly type: string };

const defaultTimes: SandboxTimes = { idlePauseMs: 5 * 60_000, idleEndMs: 3_600_000, warnMs: 60_000 };
const defaultTtlMs = 3_600_000;
const defaultSweepMs = 30_000;
const defaultPerUser = 10;
const defaultTotal = 100;
/**
 * The `SandboxService` over a backend: finds or makes a session's sandboxes, shares them between calls, pauses and ends what
 * nobody uses, keeps a pool ready, and takes care of what managers that were killed have left. Several managers on the same
 * backend and services act as one.
 */
export class SandboxManager implements SandboxService {
  readonly #id = randomUUID();
  readonly #options: SandboxManagerOptions;
  readonly #types: ReadonlyMap<string, SandboxType>;
  readonly #leases: Leases;
  readonly #register: SandboxRegister;
  readonly #users: TrustedUsers;
  readonly #backend: PooledBackend;
  readonly #keeper: Promise<SandboxKeeper>;
  readonly #logger: Logger;
  readonly #lifetime = new Lifetime("SandboxManager");
  readonly #slots = new Map<string, Slot>();
  /** Services that are not shared. */
  readonly #own: readonly AsyncDisposable[];

  private constructor(options: SandboxManagerOptions) {
    const own = { topic: new InProcessTopic(), leases: new InProcessLeases(), state: new InProcessState() };
    const services = options.services ?? own;
    this.#own = Object.values(own);
    this.#options = options;
    this.#types = new Map((options.types ?? sandboxTypes).map((type) => [type.name, type]));
    this.#leases = services.leases;
    this.#users = new TrustedUsers(options.backend, options.allowUnisolated);
    this.#logger = options.logger ?? silentLogger;
    const { perUser = defaultPerUser, total = defaultTotal } = options.limits ?? {};
    this.#backend = new PooledBackend({
      backend: limitedBackend(options.backend, total),
      pools: Object.entries(options.pool ?? {}).map(([name, size]) => ({ spec: this.#specOf(name, {}), size })),
      onError: (thrown, { type }) => {
        this.#logger.warn({ type: type.name, err: thrown }, "A sandbox for the pool cannot be made.");
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
      logger: this.#logger,
      onEvent: options.onEvent ?? (() => undefined),
      onEnded: (sandboxId, session) => {
        this.#forget(sandboxId, session);
      },
      onReleased: (session) => {
        void this.#releaseHere(session).catch((thrown: unknown) => {
          this.#logger.warn({ ...session, err: thrown }, "A session's sandboxes cannot be ended.");
        });
      },
    });
  }

  /** Resolves when it may be asked; pools fill meanwhile. `not_found` for a pool of a type that is not registered. */
  static async open(options: SandboxManagerOptions): Promise<SandboxManager> {
    const manager = new SandboxManager(options);
    try {
      await manager.#keeper;
      return manager;
    } catch (thrown) {
      await manager[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async connect(
    session: SessionKey,
    types: readonly string[] = ["base"],
    options?: CallOptions,
  ): Promise<SandboxLease> {
    this.#lifetime.assertOpen(options);
    if (types.length === 0) throw new RuntimeError("invalid_argument", "types: name at least one.");
    for (const type of types) this.#typeOf(type);
    const held = types.map((type) => this.#hold({ ...session, type }));
    const over = new AbortController();
    const giveBack = async (): Promise<void> => {
      if (over.signal.aborted) return;
      over.abort();
      await Promise.all(held.map((slot) => this.#giveBack(slot)));
    };
    try {
      const found = Promise.all(held.map((slot) => slot.managed));
      const sandboxes = (await untilAborted(found, options?.signal)).map(
        (each) => new LeasedSandbox(each, over.signal),
      );
      const [sandbox] = sandboxes as [LeasedSandbox, ...LeasedSandbox[]]; // As many as types.
      return { sandbox, sandboxes, [Symbol.asyncDispose]: giveBack };
    } catch (thrown) {
      await giveBack();
      throw thrown;
    }
  }

  async release(session: SessionKey, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    const keeper = await this.#keeper;
    await keeper.tellReleased(session);
    await this.#releaseHere(session);
    // What a manager that is gone has left has no lease.
    for (const { sessionId, sandboxId } of await this.#register.read(session.userId, options)) {
      if (sessionId !== session.sessionId || sandboxId === null) continue;
      if (this.#slotsOf(session).length === 0) await keeper.get(sandboxId)?.[Symbol.asyncDispose]();
    }
  }

  /** Resolves when the pools are as full as they get: for who wants the first request to be as quick as the others. */
  async warmUp(): Promise<void> {
    await this.#backend.filled();
  }

  /** Looks now for sandboxes of managers that are gone, instead of at the next time. */
  async sweep(options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    await (await this.#keeper).sweep(options);
  }

  /** Ends all the sandboxes that it takes care of. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    const keeper = await this.#keeper.catch(() => undefined);
    await Promise.allSettled([...this.#slots.values()].map(({ managed }) => managed));
    await disposeAll([...this.#own, ...(keeper === undefined ? [] : [keeper]), this.#backend]);
  }

  /** The session's slot, with one lease more. */
  #hold(key: SlotKey): Slot {
    const name = JSON.stringify([key.userId, key.sessionId, key.type]);
    const slot = this.#slots.get(name) ?? this.#openSlot(key, name);
    slot.leases += 1;
    slot.isReleased = false;
    return slot;
  }

  #openSlot(key: SlotKey, name: string): Slot {
    const session = { userId: key.userId, sessionId: key.sessionId };
    const slot: Slot = { session, managed: this.#find(key, name), leases: 0, isReleased: false };
    this.#slots.set(name, slot);
    void slot.managed.then(
      async (managed) => {
        await managed.over;
        if (this.#slots.get(name) === slot) this.#slots.delete(name);
      },
      () => this.#slots.delete(name), // Whoever waits for it is told; whoever comes later tries again.
    );
    return slot;
  }

  async #giveBack(slot: Slot): Promise<void> {
    slot.leases -= 1;
    if (slot.isReleased) await this.#endIfFree(slot);
  }

  async #releaseHere(session: SessionKey): Promise<void> {
    const slots = this.#slotsOf(session);
    for (const slot of slots) slot.isReleased = true;
    await Promise.all(slots.map((slot) => this.#endIfFree(slot)));
  }

  async #endIfFree(slot: Slot): Promise<void> {
    if (slot.leases > 0) return;
    const managed = await slot.managed.catch(() => undefined);
    if (slot.isReleased && slot.leases === 0) await managed?.[Symbol.asyncDispose]();
  }

  #slotsOf({ userId, sessionId }: SessionKey): readonly Slot[] {
    return [...this.#slots.values()].filter(
      ({ session }) => session.userId === userId && session.sessionId === sessionId,
    );
  }

  /** The session's sandbox: the one that is there, whichever manager made it, or a new one. */
  async #find(key: SlotKey, name: string): Promise<ManagedSandbox> {
    const keeper = await this.#keeper;
    await this.#users.admit(key.userId);
    return withLease({ leases: this.#leases, name: `sandbox:${name}` }, async () => {
      const entered = (await this.#register.read(key.userId)).find((entry) => isEntryOf(entry, key));
      const enteredId = entered?.sandboxId ?? null;
      const found = enteredId === null ? undefined : await keeper.reach(enteredId, key);
      if (found !== undefined) return found;
      const { userId, sessionId, type } = key;
      await this.#register.enter(userId, { sessionId, type, sandboxId: null });
      try {
        return await this.#create(key, keeper);
      } catch (thrown) {
        await this.#register.strike(userId, (entry) => isEntryOf(entry, key));
        throw thrown;
      }
    });
  }

  async #create({ userId, sessionId, type }: SlotKey, keeper: SandboxKeeper): Promise<ManagedSandbox> {
    const { ttlMs = defaultTtlMs, onEvent } = this.#options;
    const sandbox = await this.#backend.create(this.#specOf(type, { user: userId, session: sessionId }));
    try {
      await this.#register.enter(userId, { sessionId, type, sandboxId: sandbox.id });
    } catch (thrown) {
      await sandbox[Symbol.asyncDispose]();
      throw thrown;
    }
    const managed = keeper.keep(sandbox, { userId, sessionId }, Date.now() + ttlMs);
    onEvent?.({ type: "created", sandboxId: sandbox.id, sandboxType: type, userId, sessionId });
    return managed;
  }

  #specOf(type: string, labels: Readonly<Record<string, string>>): SandboxSpec {
    const { ttlMs = defaultTtlMs, egress } = this.#options;
    return { type: this.#typeOf(type), ttlMs, ...(egress && { egress }), labels: { ...labels, manager: this.#id } };
  }

  #forget(sandboxId: string, { userId }: SessionKey): void {
    void this.#register
      .strike(userId, (entry) => entry.sandboxId === sandboxId)
      .catch((thrown: unknown) => {
        // The next one who asks for it finds that it has ended.
        this.#logger.debug({ sandboxId, err: thrown }, "A sandbox that has ended stays in the register.");
      });
  }

  #typeOf(name: string): SandboxType {
    const type = this.#types.get(name);
    if (type !== undefined) return type;
    const message = `There is no sandbox type ${JSON.stringify(name)}; there are: ${[...this.#types.keys()].join(", ")}.`;
    throw new RuntimeError("not_found", message);
  }
}

function isEntryOf(entry: RegisterEntry, { sessionId, type }: SlotKey): boolean {
  return entry.sessionId === sessionId && entry.type === type;
}
