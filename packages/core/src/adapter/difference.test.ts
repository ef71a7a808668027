import * as fc from "fast-check";
import { applyDifference, differenceOf, differenceSchema } from "./difference.ts";

const json = fc.jsonValue({ maxDepth: 4 });

it("makes the one value of the other, also after a journey as JSON", () => {
  fc.assert(
    fc.property(json, json, (made, wanted) => {
      const difference = differenceOf(made, wanted);
      const carried = JSON.stringify(difference) as string | undefined; // Undefined for no difference.
      const back = carried === undefined ? undefined : differenceSchema.parse(JSON.parse(carried));
      expect(JSON.stringify(sorted(applyDifference(made, back)))).toBe(JSON.stringify(sorted(wanted)));
    }),
  );
});

it("is nothing between values that say the same, where a field that is undefined is not there", () => {
  expect(differenceOf({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }], c: undefined })).toBeUndefined();
});

it("names only what differs, so that what was changed elsewhere since still counts", () => {
  const difference = differenceOf({ text: "Hi", id: "1", tags: ["a", "b"] }, { text: "Hi", tags: ["a", "c"] });
  expect(difference).toEqual({ fields: { tags: { items: { 1: { value: "c" } } } }, without: ["id"] });
  expect(applyDifference({ text: "Bye", id: "1", tags: ["a", "b"] }, difference)).toEqual({
    text: "Bye",
    tags: ["a", "c"],
  });
});

it("changes nothing where the value has become another kind of value", () => {
  const difference = differenceOf({ a: [1] }, { a: [2] });
  expect(applyDifference("text", difference)).toBe("text");
  expect(applyDifference({ a: "text" }, difference)).toEqual({ a: "text" });
});

it("does not take inherited fields for the value's own", () => {
  const difference = differenceOf({}, { ["constructor"]: { name: "x" } });
  expect(applyDifference({}, difference)).toEqual({ ["constructor"]: { name: "x" } });
});

/** Fields in one order: a difference does not keep theirs. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, field]: [string, unknown]) => [name, sorted(field)]);
}
