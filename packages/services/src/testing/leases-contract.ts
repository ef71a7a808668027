import type { Lease, Leases } from "../leases.ts";
import { awkwardIds } from "./awkward-text.ts";
import type { Contract } from "./contract.ts";
import { eventually } from "./eventually.ts";
import { race } from "./race.ts";
import { expectAborted, expectDisposed } from "./refusals.ts";
import type { EveryCall } from "./refusals.ts";

const hourMs = 3_600_000;
const nobodys: Lease = { name: "door", token: 1, expiresAt: 1 };

const everyCall: EveryCall<Leases> = (leases, options) => ({
  acquire: () => leases.acquire("door", hourMs, options),
  renew: () => leases.renew(nobodys, hourMs, options),
  release: () => leases.release(nobodys, options),
});

async function hold(leases: Leases, name: string, ttlMs = hourMs): Promise<Lease> {
  const lease = await leases.acquire(name, ttlMs);
  if (lease === undefined) throw new Error(`Somebody else holds ${name}.`);
  return lease;
}

/** Waits, by the leases' own clock, until what was acquired before for as long or less has expired. */
async function waitOut(leases: Leases, ttlMs: number): Promise<void> {
  const name = crypto.randomUUID();
  await hold(leases, name, ttlMs);
  await eventually(() => leases.acquire(name, hourMs));
}

/** What it means to be {@link Leases}. */
export const leasesContract: Contract<Leases> = {
  "gives a lease with a token and an end": async (leases) => {
    const lease = await hold(leases, "door");
    expect(lease).toEqual({
      name: "door",
      token: expect.any(Number) as number,
      expiresAt: expect.any(Number) as number,
    });
    expect(Number.isSafeInteger(lease.token)).toBe(true);
    expect(Math.abs(lease.expiresAt - Date.now() - hourMs)).toBeLessThan(60_000);
  },

  "gives a lease to nobody else while it is held, and does not wait": async (leases, openPeer) => {
    const peer = await openPeer();
    await hold(leases, "door");
    expect(await leases.acquire("door", hourMs)).toBeUndefined();
    expect(await peer.acquire("door", hourMs)).toBeUndefined();
  },

  "lets exactly one of 50 racers have it, on two replicas": async (leases, openPeer) => {
    const peer = await openPeer();
    const racers = Array.from(
      { length: 50 },
      (_, racer) => () => (racer % 2 === 0 ? leases : peer).acquire("door", hourMs),
    );
    const { won, lost } = await race(racers);
    expect(lost).toEqual([]);
    expect(won.filter((lease) => lease !== undefined)).toHaveLength(1);
  },

  "lets exactly one of 20 racers have it once it has expired, on two replicas": async (leases, openPeer) => {
    const peer = await openPeer();
    const expired = await hold(leases, "door", 50);
    await waitOut(leases, 50);
    const racers = Array.from(
      { length: 20 },
      (_, racer) => () => (racer % 2 === 0 ? leases : peer).acquire("door", hourMs),
    );
    const winners = (await race(racers)).won.filter((lease) => lease !== undefined);
    expect(winners).toHaveLength(1);
    expect(winners[0]?.token).toBeGreaterThan(expired.token);
  },

  "gives greater tokens each time: after a release, and after an expiry": async (leases, openPeer) => {
    const peer = await openPeer();
    const first = await hold(leases, "door");
    await leases.release(first);
    const second = await hold(peer, "door", 50);
    await waitOut(peer, 50);
    const third = await hold(leases, "door");
    expect(second.token).toBeGreaterThan(first.token);
    expect(third.token).toBeGreaterThan(second.token);
  },

  "ends by itself": async (leases, openPeer) => {
    const peer = await openPeer();
    const expired = await hold(leases, "door", 50);
    const next = await eventually(() => peer.acquire("door", hourMs));
    expect(next.expiresAt).toBeGreaterThan(expired.expiresAt);
  },

  "renews: the same token, a new end": async (leases) => {
    const lease = await hold(leases, "door", hourMs);
    const renewed = await leases.renew(lease, 2 * hourMs);
    expect(renewed).toEqual({ ...lease, expiresAt: expect.any(Number) as number });
    expect(renewed?.expiresAt).toBeGreaterThan(lease.expiresAt + hourMs / 2);
    const shortened = await leases.renew(lease, 50);
    expect(shortened?.expiresAt).toBeLessThan(lease.expiresAt);
    await eventually(() => leases.acquire("door", hourMs));
  },

  "is held beyond its first end when it was renewed": async (leases, openPeer) => {
    const peer = await openPeer();
    const lease = await hold(leases, "door", 1000);
    expect(await peer.renew(lease, hourMs)).toMatchObject({ name: "door", token: lease.token });
    await waitOut(leases, 1000);
    expect(await peer.acquire("door", hourMs)).toBeUndefined();
    expect(await leases.renew(lease, hourMs)).toMatchObject({ name: "door", token: lease.token });
  },

  "does not renew what has expired, even if nobody took it": async (leases) => {
    const lease = await hold(leases, "door", 50);
    await waitOut(leases, 50);
    expect(await leases.renew(lease, hourMs)).toBeUndefined();
    expect(await leases.acquire("door", hourMs)).toBeDefined();
  },

  "does not renew what was released or taken by another": async (leases, openPeer) => {
    const peer = await openPeer();
    const lease = await hold(leases, "door");
    await leases.release(lease);
    expect(await leases.renew(lease, hourMs)).toBeUndefined();
    const taken = await hold(peer, "door");
    expect(await leases.renew(lease, hourMs)).toBeUndefined();
    expect(await peer.renew(taken, hourMs)).toMatchObject({ token: taken.token });
  },

  "is free once it is released": async (leases, openPeer) => {
    const peer = await openPeer();
    await leases.release(await hold(leases, "door"));
    const lease = await hold(peer, "door");
    await leases.release(lease); // The lease counts, not through whom it is given back.
    expect(await leases.acquire("door", hourMs)).toBeDefined();
  },

  "leaves the next holder alone when a lost lease is released": async (leases, openPeer) => {
    const peer = await openPeer();
    const lost = await hold(leases, "door", 50);
    const next = await eventually(() => peer.acquire("door", hourMs));
    await leases.release(lost);
    await leases.release(nobodys);
    expect(await leases.acquire("door", hourMs)).toBeUndefined();
    expect(await peer.renew(next, hourMs)).toMatchObject({ token: next.token });
    await peer.release(next);
    await peer.release(next);
  },

  "takes any text as a name and keeps every two apart": async (leases) => {
    const held: Lease[] = [];
    for (const name of awkwardIds) held.push(await hold(leases, name));
    expect(held.map(({ name }) => name)).toEqual(awkwardIds);
    for (const lease of held) {
      await leases.release(lease);
      expect(await leases.acquire(lease.name, hourMs)).toMatchObject({ name: lease.name });
    }
    for (const name of awkwardIds) expect(await leases.acquire(name, hourMs)).toBeUndefined();
  },

  "refuses a time that is not a whole number above 0": async (leases) => {
    const lease = await hold(leases, "door");
    for (const ttlMs of [0, -1, 1.5, NaN, Infinity]) {
      await expect(leases.acquire("window", ttlMs)).rejects.toMatchObject({ code: "invalid_argument" });
      await expect(leases.renew(lease, ttlMs)).rejects.toMatchObject({ code: "invalid_argument" });
    }
    expect(await leases.acquire("door", hourMs)).toBeUndefined();
    expect(await leases.acquire("window", hourMs)).toBeDefined();
  },

  "does nothing once the signal is aborted": async (leases) => {
    await expectAborted(everyCall, leases);
    const lease = await hold(leases, "door");
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(leases.renew(lease, 50, { signal })).rejects.toThrow("stop");
    await expect(leases.release(lease, { signal })).rejects.toThrow("stop");
    await waitOut(leases, 50);
    expect(await leases.acquire("door", hourMs)).toBeUndefined();
  },

  "refuses every call once it is disposed": async (leases) => {
    await expectDisposed(everyCall, leases);
  },
};
