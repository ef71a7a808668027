import { setTimeout as sleep } from "node:timers/promises";
import { TimeToLive } from "./time-to-live.ts";

function begin(ms: number): {
  readonly time: TimeToLive;
  readonly over: Promise<void>;
  readonly isOver: () => boolean;
} {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isOver = false;
  const time = new TimeToLive(ms, () => {
    isOver = true;
    resolve();
  });
  return { time, over: promise, isOver: () => isOver };
}

it("says when it is over", async () => {
  const { over, isOver } = begin(20);
  expect(isOver()).toBe(false);
  await over;
  expect(isOver()).toBe(true);
});

it("stands still while it is paused", async () => {
  const { time, over, isOver } = begin(60);
  time.pause();
  await sleep(120);
  expect(isOver()).toBe(false);
  expect(time.leftMs).toBeGreaterThan(0);
  time.resume();
  await over;
  expect(isOver()).toBe(true);
});

it("counts anew from an extension on", async () => {
  const { time, isOver } = begin(40);
  time.extend(60_000);
  await sleep(80);
  expect(isOver()).toBe(false);
  time.stop();
  expect(() => {
    time.extend(0);
  }).toThrow("time to live");
});

it("can be longer than a timer", () => {
  const { time, isOver } = begin(2 ** 40);
  expect(isOver()).toBe(false);
  expect(time.leftMs).toBeGreaterThan(2 ** 39);
  time.stop();
});
