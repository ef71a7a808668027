import { numberFlag, numbersFlag } from "./number-flag.ts";

describe("a flag with numbers", () => {
  it("is read, or has its default", () => {
    expect(numberFlag({ seconds: "0.5" }, "seconds", 3)).toBe(0.5);
    expect(numberFlag({}, "seconds", 3)).toBe(3);
    expect(numbersFlag({ tokens: "20,200" }, "tokens", [1])).toEqual([20, 200]);
  });

  it.each(["", "x", "1,", "-1", "0", "Infinity"])("refuses %j in a sentence that names the flag", (given) => {
    expect(() => numbersFlag({ tokens: given }, "tokens", [1])).toThrow("--tokens takes positive numbers");
  });
});
