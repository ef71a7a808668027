import { RuntimeError } from "@agentscope-runtime/protocol";
import { backOff, Retries } from "./retries.ts";
import { retryAfterMs } from "./retry-after.ts";
import { Transient } from "./transient.ts";

const busy = new RuntimeError("unavailable", "Busy.");

describe("backOff", () => {
  it("doubles up to its limit, less by up to a half", () => {
    const options = { minDelayMs: 100, maxDelayMs: 1_000 };
    expect([0, 1, 2, 3, 4, 50].map((failures) => backOff(failures, options, 0))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
    expect([0, 1, 50].map((failures) => backOff(failures, options, 1))).toEqual([50, 100, 500]);
  });

  it("stays within the grace that a run is given by default", () => {
    const options = { minDelayMs: 250, maxDelayMs: 30_000 };
    const waits = [0, 1, 2, 3, 4].map((failures) => backOff(failures, options, 0));
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(10_000);
  });
});

describe("retryAfterMs", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  it.each([
    [null, 0],
    ["3", 3_000],
    [" 0 ", 0],
    ["Thu, 01 Jan 2026 00:00:07 GMT", 7_000],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
    ["soon", 0],
    ["-5", 0],
  ])("reads %j as %d", (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});

describe("Retries", () => {
  it("counts failures in a row, and begins anew after progress", async () => {
    const retries = new Retries({ maxRetries: 1, minDelayMs: 1 }, undefined);
    await retries.after(new Transient(busy));
    retries.progressed();
    await retries.after(new Transient(busy));
    await expect(retries.after(new Transient(busy))).rejects.toBe(busy);
  });

  it("throws at once what will not pass", async () => {
    await expect(new Retries({}, undefined).after(busy)).rejects.toBe(busy);
  });

  it("throws the signal's reason, whatever failed", async () => {
    const signal = AbortSignal.abort("enough");
    await expect(new Retries({}, signal).after(busy)).rejects.toBe("enough");
  });
});
