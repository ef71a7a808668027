import { toJsonText } from "./to-json-text.ts";

class Point {
  x = 1;
}

describe("toJsonText", () => {
  it("leaves out properties that are undefined", () => {
    expect(toJsonText({ a: undefined, b: [{ c: undefined }] }, "state")).toBe('{"b":[{}]}');
  });

  it("takes objects without a prototype and objects of another realm", () => {
    expect(toJsonText(Object.assign(Object.create(null), { a: 1 }), "state")).toBe('{"a":1}');
    expect(toJsonText(structuredClone({ a: [1] }), "state")).toBe('{"a":[1]}');
  });

  it("says what is wrong and where", () => {
    for (const [value, path] of [
      [{ a: [0, { b: NaN }] }, "a.1.b"],
      [{ a: new Date(0) }, "a"],
      [[new Point()], "0"],
      [{ toJSON: () => ({}) }, "toJSON"],
      [-Infinity, ""],
    ] as const) {
      expect(() => toJsonText(value, "state")).toThrow(
        expect.objectContaining({ code: "invalid_argument", details: { path } }) as Error,
      );
    }
    expect(() => toJsonText({ a: { b: 1n } }, "state")).toThrow("JSON cannot hold this state.");
    expect(() => toJsonText({ a: () => 1 }, "state")).toThrow("JSON cannot hold this state, because of a.");
  });

  it("refuses what is nested too deeply for JSON", () => {
    let value: unknown = 0;
    for (let depth = 0; depth < 100_000; depth++) value = [value];
    expect(() => toJsonText(value, "state")).toThrow("JSON cannot hold this state.");
  });
});
