import { randomUUID } from "node:crypto";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { Lifetime } from "@agentscope-runtime/services";
import type { CallOptions } from "@agentscope-runtime/services";
import { LeasedSandbox } from "../leased-sandbox.ts";
import type { ManagedSandbox } from "../managed-sandbox.ts";
import { resolveSandboxSpec } from "../resolve-sandbox-spec.ts";
import type { SandboxAbilities, SandboxRecord } from "../sandbox-backend.ts";
import type { SandboxEnd } from "../sandbox-end.ts";
import type { SandboxEvent } from "../sandbox-event.ts";
import { managerLabel, SandboxFleet } from "../sandbox-fleet.ts";
import type { SandboxFleetOptions, SandboxManagerServices } from "../sandbox-fleet.ts";
import type { SandboxSpec, SandboxType } from "../sandbox-spec.ts";
import type { Sandbox, SandboxSnapshot } from "../sandbox.ts";

export interface SandboxHostOptions extends SandboxFleetOptions {
  /** Default: this process's own. With shared ones, a host that starts again knows whose its sandboxes are. */
  readonly services?: SandboxManagerServices;
  /** How many there may be: of one owner (default 100), and in all (default 1,000). */
  readonly limits?: { readonly perUser?: number; readonly total?: number };
  /** `sessionId` is the sandbox's id. */
  readonly onEvent?: (event: SandboxEvent) => void;
}

/** What a caller asks for: a type by name, with changes. */
export type HostedSpec = Omit<SandboxSpec, "type"> & { readonly type: string };

const defaultLimits = { perUser: 100, total: 1000 };

/**
 * Gives sandboxes of a backend to callers elsewhere, each to its owner only: anybody else's is `not_found`. It keeps a pool, pauses
 * what nobody uses and wakes it for the next call. `sandboxHostRoutes` serves it.
 */
export class SandboxHost implements AsyncDisposable {
  readonly #lifetime = new Lifetime("SandboxHost");
  readonly #fleet: SandboxFleet;
  readonly #over = new AbortController();
  readonly #sandboxes = new WeakMap<ManagedSandbox, Sandbox>();

  private constructor(options: SandboxHostOptions) {
    this.#fleet = new SandboxFleet(options, { defaultLimits, pooled: {}, onReleased: () => undefined });
  }

  /** Resolves when it may be asked; pools fill meanwhile. `not_found` for a pool of a type that is not registered. */
  static async open(options: SandboxHostOptions): Promise<SandboxHost> {
    const host = new SandboxHost(options);
    try {
      await host.#fleet.keeper;
      return host;
    } catch (thrown) {
      await host[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** What may be asked for. */
  get types(): readonly SandboxType[] {
    return [...this.#fleet.types.values()];
  }

  async abilities(options?: CallOptions): Promise<SandboxAbilities> {
    this.#lifetime.assertOpen(options);
    const abilities = await this.#fleet.backend.abilities(options);
    return {
      ...abilities,
      types: [...this.#fleet.types.keys()].filter((name) => abilities.types?.includes(name) ?? true),
    };
  }

  async create(owner: string, hosted: HostedSpec, options?: CallOptions): Promise<SandboxRecord> {
    this.#lifetime.assertOpen(options);
    if (hosted.snapshot !== undefined) await this.#assertSnapshot(owner, hosted.snapshot, options);
    const { type, ...rest } = hosted;
    const spec = this.#fleet.specOf(type, rest);
    await this.#fleet.users.admit(owner);
    const place = randomUUID();
    await this.#fleet.register.enter(owner, { sessionId: place, type, sandboxId: null });
    try {
      const keeper = await this.#fleet.keeper;
      const sandbox = await this.#fleet.backend.create(spec, options);
      const session = { userId: owner, sessionId: sandbox.id };
      await this.#fleet.register.enter(owner, { sessionId: place, type, sandboxId: sandbox.id });
      keeper.keep(sandbox, session, Date.now() + resolveSandboxSpec(spec).ttlMs);
      return await this.get(owner, sandbox.id, options);
    } catch (thrown) {
      await this.#fleet.register.strike(owner, ({ sessionId }) => sessionId === place);
      throw thrown;
    }
  }

  async list(owner: string, options?: CallOptions): Promise<readonly SandboxRecord[]> {
    this.#lifetime.assertOpen(options);
    const own = new Set((await this.#fleet.register.read(owner, options)).map(({ sandboxId }) => sandboxId));
    return (await this.#fleet.backend.list(options)).filter(({ id }) => own.has(id)).map(withoutOurLabels);
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
    const entries = await this.#fleet.register.read(owner, options);
    if (!entries.some(({ sandboxId }) => sandboxId === id)) throw nothingAt(id);
    const managed = await (await this.#fleet.keeper).reach(id, { userId: owner, sessionId: id });
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
    await this.#fleet.services.state.save(snapshotKey(owner, snapshot.id), { kind: snapshot.kind });
    return snapshot;
  }

  /** Forgetting what is not there, or another's, is no error, and changes nothing. */
  async deleteSnapshot(owner: string, id: string, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    if ((await this.#fleet.services.state.load(snapshotKey(owner, id), options)) === undefined) return;
    await this.#fleet.backend.deleteSnapshot(id, options);
    await this.#fleet.services.state.delete(snapshotKey(owner, id), options);
  }

  /** Ends all the sandboxes that it takes care of. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    this.#over.abort();
    await this.#fleet[Symbol.asyncDispose]();
  }

  async #assertSnapshot(owner: string, id: string, options?: CallOptions): Promise<void> {
    if ((await this.#fleet.services.state.load(snapshotKey(owner, id), options)) !== undefined) return;
    throw new RuntimeError("not_found", `There is no snapshot ${id}.`);
  }
}

const snapshotKey = (userId: string, id: string) => ({ userId, sessionId: id, name: "agentscope-runtime:snapshot" });

function withoutOurLabels(record: SandboxRecord): SandboxRecord {
  const { [managerLabel]: _, maker: __, ...labels } = record.labels;
  return { ...record, labels };
}

function nothingAt(id: string): RuntimeError {
  return new RuntimeError("not_found", `There is no sandbox ${id}, or it has ended.`);
}
