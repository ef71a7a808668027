import { Line } from "./line.ts";

function drain(line: Line<string>): string[] {
  const drained: string[] = [];
  for (let first = line.shift(); first !== undefined; first = line.shift()) drained.push(first);
  return drained;
}

function lineOf(...members: string[]): Line<string> {
  const line = new Line<string>();
  for (const member of members) line.add(member);
  return line;
}

describe("Line", () => {
  it("gives its members in the order in which they came", () => {
    const line = lineOf("a", "b", "c");
    expect(line.size).toBe(3);
    expect(drain(line)).toEqual(["a", "b", "c"]);
    expect(line.size).toBe(0);
    line.add("d");
    expect(drain(line)).toEqual(["d"]);
  });

  it.each([
    ["a", ["b", "c"]],
    ["b", ["a", "c"]],
    ["c", ["a", "b"]],
    ["nobody", ["a", "b", "c"]],
  ])("closes up when %s leaves", (leaving, left) => {
    const line = lineOf("a", "b", "c");
    line.remove(leaving);
    expect(line.size).toBe(left.length);
    line.add("d");
    expect(drain(line)).toEqual([...left, "d"]);
  });

  it("puts who comes again at the end only if it had left", () => {
    const line = lineOf("a", "b");
    line.add("a");
    expect(line.size).toBe(2);
    expect(line.shift()).toBe("a");
    line.add("a");
    expect(drain(line)).toEqual(["b", "a"]);
  });

  it("does not take longer to find the first one after very many have left", () => {
    const line = new Line<number>();
    for (let member = 0; member < 200_000; member++) line.add(member);
    const begunAt = performance.now();
    for (let member = 0; member < 200_000; member++) expect1(line.shift(), member);
    expect(performance.now() - begunAt).toBeLessThan(2000); // A set would take several times as long.
  });
});

/** `expect` itself would take most of the time. */
function expect1(actual: unknown, expected: unknown): void {
  if (actual !== expected) expect(actual).toBe(expected);
}
