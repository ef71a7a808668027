import { InProcessLeases } from "./index.ts";
import { describeContract, leasesContract } from "./testing/index.ts";

describeContract("InProcessLeases", leasesContract, { create: () => new InProcessLeases() });

describe("InProcessLeases", () => {
  it("ends a lease exactly when its time is over", async () => {
    let now = 1000;
    await using leases = new InProcessLeases({ now: () => now });
    const lease = await leases.acquire("door", 50);
    expect(lease).toMatchObject({ expiresAt: 1050 });
    now = 1049;
    expect(await leases.acquire("door", 50)).toBeUndefined();
    now = 1050;
    expect(await leases.acquire("door", 50)).toMatchObject({ expiresAt: 1100 });
  });

  it("counts a renewal from now", async () => {
    let now = 1000;
    await using leases = new InProcessLeases({ now: () => now });
    const lease = (await leases.acquire("door", 50)) ?? { name: "door", token: 0, expiresAt: 0 };
    now = 1020;
    expect(await leases.renew(lease, 50)).toEqual({ ...lease, expiresAt: 1070 });
  });

  it("gives greater tokens than those of an earlier process", async () => {
    let now = 1000;
    const before = new InProcessLeases({ now: () => now });
    const first = await before.acquire("door", 50);
    await before[Symbol.asyncDispose]();
    now = 2000;
    await using after = new InProcessLeases({ now: () => now });
    expect((await after.acquire("door", 50))?.token).toBeGreaterThan(first?.token ?? Infinity);
  });

  it("still knows what is held after very many names came and expired", async () => {
    let now = 1000;
    await using leases = new InProcessLeases({ now: () => now });
    await leases.acquire("door", 1_000_000);
    for (let index = 0; index < 1000; index++) {
      now += 10;
      await leases.acquire(`once ${index}`, 5);
    }
    expect(await leases.acquire("door", 50)).toBeUndefined();
    expect(await leases.acquire("once 999", 50)).toBeUndefined();
    expect(await leases.acquire("once 998", 50)).toMatchObject({ name: "once 998" });
  });
});
