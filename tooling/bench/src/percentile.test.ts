import { median, mediansOf, percentile } from "./percentile.ts";

describe("percentile", () => {
  it("is the smallest value that so many of the values do not exceed", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(values, 0.5)).toBe(50);
    expect(percentile(values, 0.99)).toBe(99);
    expect(percentile(values, 1)).toBe(100);
    expect(percentile(values, 0)).toBe(1);
    expect(percentile([10, 9, 100], 0.99)).toBe(100);
  });

  it("of nothing is no number", () => {
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe("median", () => {
  it("is the middle value, or lies between the two middle ones", () => {
    expect(median([9, 1, 10])).toBe(9);
    expect(median([9, 1, 10, 4])).toBe(6.5);
    expect(median([-3])).toBe(-3);
  });

  it("of records is taken field by field", () => {
    const records = [
      { a: 1, b: 9 },
      { a: 5, b: 2 },
      { a: 2, b: 4 },
    ];
    expect(mediansOf(records)).toEqual({ a: 2, b: 4 });
  });
});
