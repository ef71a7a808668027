import { trendOf } from "./soak.ts";

const grown = (sizeAt: (index: number) => number): [number, number][] =>
  Array.from({ length: 24 }, (_, index) => [index * 100, sizeAt(index)]);

describe("the trend of memory", () => {
  it("is growing when every quarter of the samples adds to it", () => {
    const trend = trendOf(grown((index) => 1_000_000 + index * 50_000));
    expect(trend).toEqual({ first: 1_125_000, last: 2_025_000, bytesPerRun: 500, flat: false });
  });

  it("is flat when a heap takes its working size in steps, and when it wavers", () => {
    expect(trendOf(grown((index) => (index < 10 ? 2_000_000 : 2_400_000))).flat).toBe(true);
    expect(trendOf(grown((index) => 2_000_000 + (index % 3) * 90_000)).flat).toBe(true);
  });

  it("is flat when it rises by next to nothing", () => {
    expect(trendOf(grown((index) => 2_000_000 + index * 1_000)).flat).toBe(true);
  });
});
