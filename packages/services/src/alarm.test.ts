import { Alarm } from "./alarm.ts";
import { eventually } from "./testing/index.ts";

describe("Alarm", () => {
  it("does not ring before its time, though the timer is early", async () => {
    const asked: number[] = [];
    const times = [990, 999, 1000];
    const now = (): number => {
      const time = times[Math.min(asked.length, times.length - 1)] ?? 0;
      asked.push(time);
      return time;
    };
    const rungAt: (number | undefined)[] = [];
    const alarm = new Alarm({ at: 1000, now }, () => rungAt.push(asked.at(-1)));
    await eventually(() => rungAt.length > 0, { intervalMs: 1 });
    expect(rungAt).toEqual([1000]);
    expect(asked.slice(0, 2)).toEqual([990, 999]);
    alarm.stop();
  });

  it("waits for a time further away than a timer can be set", async () => {
    const rung: string[] = [];
    let asked = 0;
    const now = (): number => {
      asked++;
      return Date.now();
    };
    const far = new Alarm({ at: Date.now() + 2 ** 31 + 1000, now }, () => rung.push("far"));
    const near = new Alarm({ at: Date.now() + 20, now: Date.now }, () => rung.push("near"));
    await eventually(() => rung.length > 0);
    expect(rung).toEqual(["near"]);
    expect(asked).toBe(1); // A timer that is set further is up at once.
    far.stop();
    near.stop();
  });

  it("does not ring once it was stopped", async () => {
    const rung: string[] = [];
    const stopped = new Alarm({ at: Date.now() + 5, now: Date.now }, () => rung.push("stopped"));
    const later = new Alarm({ at: Date.now() + 10, now: Date.now }, () => rung.push("later"));
    stopped.stop();
    await eventually(() => rung.length > 0);
    expect(rung).toEqual(["later"]);
    later.stop();
  });
});
