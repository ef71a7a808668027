import type { CallOptions } from "./call-options.ts";

export interface Lease {
  readonly name: string;
  /**
   * The fencing token: greater than that of every earlier lease of this name. Hand it along with what you write, so that
   * a holder who was paused and lost its lease is refused.
   */
  readonly token: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Gives one holder at a time the right to something, for a limited time: a whole number of milliseconds above 0, or
 * `invalid_argument`. Once disposed, every call rejects with `unavailable`. `leasesContract` in `./testing` is the full
 * text of this contract.
 */
export interface Leases extends AsyncDisposable {
  /** Undefined when somebody else holds it; it does not wait. */
  acquire(name: string, ttlMs: number, options?: CallOptions): Promise<Lease | undefined>;

  /** The lease with a new end, or undefined when it was lost: expired, released or taken by another. */
  renew(lease: Lease, ttlMs: number, options?: CallOptions): Promise<Lease | undefined>;

  /** Gives it back. Releasing a lease that was lost changes nothing. */
  release(lease: Lease, options?: CallOptions): Promise<void>;
}
