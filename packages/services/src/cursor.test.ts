import { encodeCursor, parseCursor } from "./cursor.ts";

const invalid = expect.objectContaining({ code: "invalid_argument" }) as Error;

describe("parseCursor", () => {
  it("gives back the position of a cursor of the same list", () => {
    for (const position of ["0", "17", "", "2024-01-01T00:00:00Z:é💥"]) {
      expect(parseCursor(["runs", "ada"], encodeCursor(["runs", "ada"], position))).toBe(position);
    }
  });

  it("refuses a cursor of any other list", () => {
    const cursor = encodeCursor(["runs", "ada", undefined], "17");
    for (const scope of [
      ["runs", "ada", "undefined"],
      ["runs", "ada", "null"],
      ["runs", "ada", ""],
      ["runs", "ada"],
    ]) {
      expect(() => parseCursor(scope, cursor)).toThrow(invalid);
    }
    expect(() => parseCursor(["runs,ada"], encodeCursor(["runs", "ada"], "17"))).toThrow(invalid);
  });

  it("refuses a cursor that was changed anywhere", () => {
    const cursor = encodeCursor(["runs"], "17");
    for (let at = 0; at < cursor.length; at++) {
      const changed = cursor.slice(0, at) + (cursor[at] === "A" ? "B" : "A") + cursor.slice(at + 1);
      expect(() => parseCursor(["runs"], changed)).toThrow(invalid);
      expect(() => parseCursor(["runs"], cursor.slice(0, at))).toThrow(invalid);
    }
    for (const changed of [` ${cursor}`, `${cursor} `, `${cursor}=`, cursor.replace(".", "=.")]) {
      expect(() => parseCursor(["runs"], changed)).toThrow(invalid);
    }
  });
});
