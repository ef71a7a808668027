import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Leases } from "@agentscope-runtime/services";

const ttlMs = 15_000;

const leaseOf = (id: string): string => `sandbox-manager:${id}`;

/** Shows the others that this manager lives, until it is disposed. */
export async function openPresence(leases: Leases, id: string): Promise<AsyncDisposable> {
  let lease = await leases.acquire(leaseOf(id), ttlMs);
  if (lease === undefined) throw new RuntimeError("conflict", `There is a sandbox manager ${id} already.`);
  const beat = async (): Promise<void> => {
    lease = (lease && (await leases.renew(lease, ttlMs))) ?? (await leases.acquire(leaseOf(id), ttlMs));
  };
  const beating = setInterval(() => {
    void beat().catch(() => undefined); // Tried again at the next beat.
  }, ttlMs / 5).unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(beating);
      if (lease !== undefined) await leases.release(lease);
    },
  };
}

/** Whether a manager has shown no sign of life for a while. */
export async function isGone(leases: Leases, id: string): Promise<boolean> {
  const lease = await leases.acquire(leaseOf(id), ttlMs);
  if (lease === undefined) return false;
  await leases.release(lease);
  return true;
}
