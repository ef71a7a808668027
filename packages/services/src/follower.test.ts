import { Follower } from "./follower.ts";

interface Feed {
  readonly follower: Follower<number>;
  readonly items: number[];
  readonly ended: () => number;
}

/** A follower of a list that the test adds to. A negative item ends the loop, 99 throws. */
function feed(signal?: AbortSignal): Feed {
  const items: number[] = [];
  let ends = 0;
  const follower = new Follower<number>({
    signal,
    take: () => {
      const value = items.shift();
      if (value === 99) throw new Error("99");
      if (value === undefined) return undefined;
      return value < 0 ? { done: true, value: undefined } : { done: false, value };
    },
    onEnd: () => {
      ends++;
    },
  });
  return { follower, items, ended: () => ends };
}

const over = { done: true, value: undefined };

describe("Follower", () => {
  it("answers those who ask before there is anything in the order in which they asked", async () => {
    const { follower, items } = feed();
    const asked = [follower.next(), follower.next(), follower.next()];
    items.push(1, 2);
    follower.wake();
    items.push(3);
    follower.wake();
    expect(await Promise.all(asked)).toEqual([1, 2, 3].map((value) => ({ done: false, value })));
  });

  it("takes all that is there without being woken", async () => {
    const { follower, items } = feed();
    items.push(1, 2, -1);
    const seen: number[] = [];
    for await (const item of follower) seen.push(item);
    expect(seen).toEqual([1, 2]);
  });

  it("is over for everybody who waits once it has ended, and stays over", async () => {
    const { follower, items, ended } = feed();
    const asked = [follower.next(), follower.next()];
    items.push(-1, 5);
    follower.wake();
    expect(await Promise.all(asked)).toEqual([over, over]);
    expect(await follower.next()).toEqual(over);
    await follower.return();
    await follower[Symbol.asyncDispose]();
    expect(ended()).toBe(1);
  });

  it("throws once what its source throws", async () => {
    const { follower, items, ended } = feed();
    items.push(99, 5);
    await expect(follower.next()).rejects.toThrow("99");
    expect(await follower.next()).toEqual(over);
    expect(ended()).toBe(1);
  });

  it("throws the signal's reason to the first who waits, and is over for the others", async () => {
    const leaving = new AbortController();
    const { follower, ended } = feed(leaving.signal);
    const asked = Promise.allSettled([follower.next(), follower.next()]);
    leaving.abort("enough");
    expect(await asked).toEqual([
      { status: "rejected", reason: "enough" },
      { status: "fulfilled", value: over },
    ]);
    expect(ended()).toBe(1);
  });

  it("throws the reason of a signal that was aborted before", async () => {
    const { follower, items, ended } = feed(AbortSignal.abort("early"));
    items.push(1);
    await expect(follower.next()).rejects.toBe("early");
    expect([await follower.next(), ended()]).toEqual([over, 1]);
  });

  it("does not fail any more once it was left", async () => {
    const leaving = new AbortController();
    const { follower, ended } = feed(leaving.signal);
    await follower.return();
    leaving.abort("late");
    follower.fail(new Error("late"));
    expect([await follower.next(), ended()]).toEqual([over, 1]);
  });
});
