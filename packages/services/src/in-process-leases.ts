import type { CallOptions } from "./call-options.ts";
import type { Lease, Leases } from "./leases.ts";
import { Lifetime } from "./lifetime.ts";
import { parseTtl } from "./parse-ttl.ts";

export interface InProcessLeasesOptions {
  /** Milliseconds since 1970. `Date.now` by default. */
  readonly now?: () => number;
}

/** Leases among the parts of one process. */
export class InProcessLeases implements Leases {
  readonly #lifetime = new Lifetime("InProcessLeases");
  readonly #now: () => number;
  readonly #held = new Map<string, Lease>();
  /** Begins at the clock, so that what a holder wrote elsewhere does not refuse the leases after a restart. */
  #lastToken: number;
  #sweepAt = smallestSweep;

  constructor({ now = Date.now }: InProcessLeasesOptions = {}) {
    this.#now = now;
    this.#lastToken = now();
  }

  async acquire(name: string, ttlMs: number, options?: CallOptions): Promise<Lease | undefined> {
    this.#lifetime.assertOpen(options);
    const expiresAt = this.#now() + parseTtl(ttlMs);
    if (this.#current(name) !== undefined) return undefined;
    this.#sweep();
    const lease = { name, token: ++this.#lastToken, expiresAt };
    this.#held.set(name, lease);
    return { ...lease };
  }

  async renew({ name, token }: Lease, ttlMs: number, options?: CallOptions): Promise<Lease | undefined> {
    this.#lifetime.assertOpen(options);
    const expiresAt = this.#now() + parseTtl(ttlMs);
    if (this.#current(name)?.token !== token) return undefined;
    const lease = { name, token, expiresAt };
    this.#held.set(name, lease);
    return { ...lease };
  }

  async release({ name, token }: Lease, options?: CallOptions): Promise<void> {
    this.#lifetime.assertOpen(options);
    if (this.#current(name)?.token === token) this.#held.delete(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    this.#held.clear();
  }

  #current(name: string): Lease | undefined {
    const lease = this.#held.get(name);
    return lease !== undefined && lease.expiresAt > this.#now() ? lease : undefined;
  }

  /** Drops what has expired each time the leases have doubled, so that names used once do not add up. */
  #sweep(): void {
    if (this.#held.size < this.#sweepAt) return;
    for (const name of this.#held.keys()) if (this.#current(name) === undefined) this.#held.delete(name);
    this.#sweepAt = Math.max(smallestSweep, this.#held.size * 2);
  }
}

const smallestSweep = 64;
