import { RuntimeError } from "@agentscope-runtime/protocol";
import { Lifetime, untilAborted } from "@agentscope-runtime/services";
import type { CallOptions, SessionKey } from "@agentscope-runtime/services";
import { LeasedSandbox } from "./leased-sandbox.ts";
import type { ManagedSandbox } from "./managed-sandbox.ts";
import { SandboxFleet } from "./sandbox-fleet.ts";
import type { SandboxFleetOptions, SandboxManagerServices } from "./sandbox-fleet.ts";
import type { SandboxKeeper } from "./sandbox-keeper.ts";
import type { RegisterEntry } from "./sandbox-register.ts";
import type { SandboxLease, SandboxService } from "./sandbox-service.ts";
import type { EgressRule, SandboxSpec } from "./sandbox-spec.ts";
import { withLease } from "./with-lease.ts";

export interface SandboxManagerOptions extends SandboxFleetOptions {
  /** Default: this process's own, for a manager that is alone. */
  readonly services?: SandboxManagerServices;
  /** How many there may be: of one user (default 10), and in all (default 100), those that are kept ready among them. */
  readonly limits?: { readonly perUser?: number; readonly total?: number };
  /** The time to live of each sandbox, in milliseconds. Default 1 hour. */
  readonly ttlMs?: number;
  /** Instead of what the types say. */
  readonly egress?: readonly EgressRule[];
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

const defaultTtlMs = 3_600_000;
const defaultLimits = { perUser: 10, total: 100 };

/**
 * The `SandboxService` over a backend: finds or makes a session's sandboxes, shares them between calls, pauses and ends what
 * nobody uses, keeps a pool ready, and takes care of what managers that were killed have left. Several managers on the same
 * backend and services act as one.
 */
export class SandboxManager implements SandboxService {
  readonly #fleet: SandboxFleet;
  readonly #spec: Pick<SandboxSpec, "egress"> & { readonly ttlMs: number };
  readonly #onEvent: SandboxFleetOptions["onEvent"];
  readonly #lifetime = new Lifetime("SandboxManager");
  readonly #slots = new Map<string, Slot>();

  private constructor({ ttlMs = defaultTtlMs, egress, ...options }: SandboxManagerOptions) {
    this.#spec = { ttlMs, ...(egress && { egress }) };
    this.#onEvent = options.onEvent;
    this.#fleet = new SandboxFleet(options, {
      defaultLimits,
      pooled: this.#spec,
      onReleased: (session) => {
        void this.#releaseHere(session).catch((thrown: unknown) => {
          this.#fleet.logger.warn({ ...session, err: thrown }, "A session's sandboxes cannot be ended.");
        });
      },
    });
  }

  /** Resolves when it may be asked; pools fill meanwhile. `not_found` for a pool of a type that is not registered. */
  static async open(options: SandboxManagerOptions): Promise<SandboxManager> {
    const manager = new SandboxManager(options);
    try {
      await manager.#fleet.keeper;
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
    for (const type of types) this.#fleet.typeOf(type);
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
    const keeper = await this.#fleet.keeper;
    await keeper.tellReleased(session);
    await this.#releaseHere(session);
    // What a manager that is gone has left has no lease.
    for (const { sessionId, sandboxId } of await this.#fleet.register.read(session.userId, options)) {
      if (sessionId !== session.sessionId || sandboxId === null) continue;
      if (this.#slotsOf(session).length === 0) await keeper.get(sandboxId)?.[Symbol.asyncDispose]();
    }
  }

  /** Resolves when the pools are as full as they get: for who wants the first request to be as quick as the others. */
  async warmUp(): Promise<void> {
    await this.#fleet.backend.filled();
  }

  /** Looks now for sandboxes of managers that are gone, instead of at the next time. */
  async sweep(options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    await (await this.#fleet.keeper).sweep(options);
  }

  /** Ends all the sandboxes that it takes care of. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    await Promise.allSettled([...this.#slots.values()].map(({ managed }) => managed));
    await this.#fleet[Symbol.asyncDispose]();
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
    const keeper = await this.#fleet.keeper;
    await this.#fleet.users.admit(key.userId);
    return withLease({ leases: this.#fleet.services.leases, name: `sandbox:${name}` }, async () => {
      const entered = (await this.#fleet.register.read(key.userId)).find((entry) => isEntryOf(entry, key));
      const enteredId = entered?.sandboxId ?? null;
      const found = enteredId === null ? undefined : await keeper.reach(enteredId, key);
      if (found !== undefined) return found;
      const { userId, sessionId, type } = key;
      await this.#fleet.register.enter(userId, { sessionId, type, sandboxId: null });
      try {
        return await this.#create(key, keeper);
      } catch (thrown) {
        await this.#fleet.register.strike(userId, (entry) => isEntryOf(entry, key));
        throw thrown;
      }
    });
  }

  async #create({ userId, sessionId, type }: SlotKey, keeper: SandboxKeeper): Promise<ManagedSandbox> {
    const labels = { user: userId, session: sessionId };
    const sandbox = await this.#fleet.backend.create(this.#fleet.specOf(type, { ...this.#spec, labels }));
    try {
      await this.#fleet.register.enter(userId, { sessionId, type, sandboxId: sandbox.id });
    } catch (thrown) {
      await sandbox[Symbol.asyncDispose]();
      throw thrown;
    }
    const managed = keeper.keep(sandbox, { userId, sessionId }, Date.now() + this.#spec.ttlMs);
    this.#onEvent?.({ type: "created", sandboxId: sandbox.id, sandboxType: type, userId, sessionId });
    return managed;
  }
}

function isEntryOf(entry: RegisterEntry, { sessionId, type }: SlotKey): boolean {
  return entry.sessionId === sessionId && entry.type === type;
}
