import { setTimeout as sleep } from "node:timers/promises";
import { Breather } from "./breather.ts";

describe("Breather", () => {
  it("never holds up who waits for something between steps", async () => {
    const breather = new Breather();
    for (let step = 0; step < 100; step += 1) {
      await sleep(1);
      expect(breather.step()).toBeUndefined();
    }
  });

  it("lets the event loop turn when steps follow each other without a wait", async () => {
    const breather = new Breather();
    const turned = new AbortController();
    setImmediate(() => {
      turned.abort();
    });
    const began = performance.now();
    while (performance.now() - began < 2000 && !turned.signal.aborted) await breather.step();
    expect(turned.signal.aborted).toBe(true);
  });
});
