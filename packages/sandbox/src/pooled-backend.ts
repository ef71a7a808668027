import { canonicalJson } from "@agentscope-runtime/core";
import type { CallOptions } from "@agentscope-runtime/services";
import { resolveSandboxSpec } from "./resolve-sandbox-spec.ts";
import type { SandboxAbilities, SandboxBackend, SandboxRecord } from "./sandbox-backend.ts";
import { SandboxPool } from "./sandbox-pool.ts";
import type { SandboxSpec } from "./sandbox-spec.ts";
import type { OwnedSandbox } from "./sandbox.ts";

/** So many sandboxes of a kind are kept ready. Time to live and labels make no difference in kind. */
interface PoolSpec {
  readonly spec: SandboxSpec;
  readonly size: number;
}

export interface PooledBackendOptions {
  /** Yours: it is not closed. */
  readonly backend: SandboxBackend;
  readonly pools: readonly PoolSpec[];
  /** Told why one cannot be made; it is tried again when one is taken. */
  readonly onError: (thrown: unknown, spec: SandboxSpec) => void;
}

/**
 * A backend that has some sandboxes ready before anybody asks. What is handed out was never used, and never comes back. `list`
 * knows the labels of those that this object handed out; elsewhere they have those that they were made with.
 */
export class PooledBackend implements SandboxBackend {
  readonly name: string;
  readonly #backend: SandboxBackend;
  readonly #pools: ReadonlyMap<string, SandboxPool>;
  readonly #labels = new Map<string, Readonly<Record<string, string>>>();

  constructor({ backend, pools, onError }: PooledBackendOptions) {
    this.name = backend.name;
    this.#backend = backend;
    this.#pools = new Map(
      pools.map(({ spec, size }) => [
        kindOf(spec),
        new SandboxPool({
          size,
          create: async () => backend.create(spec),
          onError: (thrown) => {
            onError(thrown, spec);
          },
        }),
      ]),
    );
  }

  async abilities(options?: CallOptions): Promise<SandboxAbilities> {
    return this.#backend.abilities(options);
  }

  async create(spec: SandboxSpec, options?: CallOptions): Promise<OwnedSandbox> {
    options?.signal?.throwIfAborted();
    const sandbox = this.#pools.get(kindOf(spec))?.take();
    if (sandbox === undefined) return this.#backend.create(spec, options);
    const { ttlMs, labels } = resolveSandboxSpec(spec);
    try {
      await sandbox.extend(ttlMs, options);
    } catch (thrown) {
      await sandbox[Symbol.asyncDispose]();
      throw thrown;
    }
    this.#labels.set(sandbox.id, labels);
    void sandbox.ended.then(() => this.#labels.delete(sandbox.id));
    return sandbox;
  }

  async attach(id: string, options?: CallOptions): Promise<OwnedSandbox> {
    return this.#backend.attach(id, options);
  }

  async list(options?: CallOptions): Promise<readonly SandboxRecord[]> {
    const records = await this.#backend.list(options);
    return records.map((record) => ({ ...record, labels: { ...record.labels, ...this.#labels.get(record.id) } }));
  }

  async deleteSnapshot(id: string, options?: CallOptions): Promise<void> {
    await this.#backend.deleteSnapshot(id, options);
  }

  /** Resolves when the pools are as full as they get. */
  async filled(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.filled()));
  }

  /** Ends those that nobody has taken. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool[Symbol.asyncDispose]()));
  }
}

/** The same text for specs of which one may be handed out for the other. */
function kindOf(spec: SandboxSpec): string {
  const { type, limits, environment, egress, snapshot } = resolveSandboxSpec(spec);
  return canonicalJson({ ...type, limits, environment, egress, snapshot });
}
