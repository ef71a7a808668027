import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions, Leases } from "@agentscope-runtime/services";

const ttlMs = 15_000;
const patienceMs = 60_000;

/** Does something while nobody else, on any machine, does anything under the same name. `unavailable` after a minute of waiting. */
export async function withLease<T>(
  { leases, name, signal }: { readonly leases: Leases; readonly name: string } & CallOptions,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  let lease = await leases.acquire(name, ttlMs, { signal });
  for (let waitMs = 5; lease === undefined; waitMs = Math.min(waitMs * 2, 100)) {
    if (performance.now() > deadline) throw new RuntimeError("unavailable", `${name} is held by somebody else.`);
    await sleep(waitMs, undefined, { ...(signal && { signal }) });
    lease = await leases.acquire(name, ttlMs, { signal });
  }
  let held = lease;
  const renewing = setInterval(() => {
    void leases.renew(held, ttlMs).then(
      (renewed) => (held = renewed ?? held),
      () => undefined, // Tried again in a moment.
    );
  }, ttlMs / 3).unref();
  try {
    return await work();
  } finally {
    clearInterval(renewing);
    await leases.release(held);
  }
}
