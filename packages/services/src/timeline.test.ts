import { Timeline } from "./timeline.ts";

interface Entry {
  readonly number: number;
}

function filled(count: number): Timeline<Entry> {
  const timeline = new Timeline<Entry>();
  for (let number = 1; number <= count; number++) timeline.add(number, { number });
  return timeline;
}

function numbersOf(timeline: Timeline<Entry>, before?: number): number[] {
  return [...timeline.newest(before)].map(([number, entry]) => (number === entry.number ? number : NaN));
}

describe("Timeline", () => {
  it("reads newest first from any number, whether it is there or not", () => {
    const timeline = filled(6);
    timeline.remove(3);
    expect(numbersOf(timeline)).toEqual([6, 5, 4, 2, 1]);
    for (const [before, expected] of [
      [7, [6, 5, 4, 2, 1]],
      [4, [2, 1]],
      [3, [2, 1]],
      [1, []],
    ] as const) {
      expect(numbersOf(timeline, before)).toEqual(expected);
    }
  });

  it("stays the same as a plain list through many additions and removals", () => {
    const timeline = filled(0);
    let expected: number[] = [];
    let seed = 7;
    for (let number = 1; number <= 2000; number++) {
      timeline.add(number, { number });
      expected.unshift(number);
      seed = (seed * 16_807) % 2_147_483_647;
      // Now and then nearly all of it goes, from the old end, the new end or anywhere.
      const removals = number % 400 === 0 ? expected.length - 3 : seed % 2;
      for (let count = 0; count < removals; count++) {
        const at = [0, expected.length - 1, seed % expected.length][number % 3] ?? 0;
        timeline.remove(expected[at] ?? 0);
        expected = expected.toSpliced(at, 1);
      }
      expect(timeline.size).toBe(expected.length);
    }
    expect(numbersOf(timeline)).toEqual(expected);
    expect(numbersOf(timeline, 1990)).toEqual(expected.filter((number) => number < 1990));
  });

  it("leaves alone what is not there", () => {
    const timeline = filled(3);
    for (const number of [2, 2, 0, 9]) timeline.remove(number);
    expect([numbersOf(timeline), timeline.size]).toEqual([[3, 1], 2]);
  });
});
