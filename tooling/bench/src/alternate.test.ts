import { setTimeout as sleep } from "node:timers/promises";
import { alternate } from "./alternate.ts";

const { signal } = new AbortController();

it("compares two calls turn by turn, whatever slows both of them down", async () => {
  let pause = 1;
  const turns: string[] = [];
  const call = (name: string, factor: number) => async (): Promise<void> => {
    if (turns.at(-1) !== name) turns.push(name);
    pause = turns.length % 4 === 0 ? 4 : 2; // The machine is busy now and then.
    await sleep(pause * factor);
  };
  const options = { seconds: 0.6, rounds: 6, concurrency: 2, signal };
  const { first, second, ratio, low, high } = await alternate(call("first", 4), call("second", 1), options);
  expect(first).toBeLessThan(second);
  expect(ratio).toBeGreaterThan(0.1);
  expect(ratio).toBeLessThan(0.7);
  expect(low).toBeLessThanOrEqual(ratio);
  expect(high).toBeGreaterThanOrEqual(ratio);
  // Each begins as often as it ends: two turns next to each other are one and the same here.
  expect(turns.length).toBe(8);
});

it("stops at once when it is told to", async () => {
  const stop = new AbortController();
  let calls = 0;
  const call = async (): Promise<void> => {
    if (++calls === 10) stop.abort(new Error("enough"));
    await sleep(0);
  };
  const alternating = alternate(call, call, { seconds: 60, rounds: 1, concurrency: 1, signal: stop.signal });
  await expect(alternating).rejects.toThrow("enough");
  expect(calls).toBe(10);
});
