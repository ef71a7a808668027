import * as fc from "fast-check";
import { jsonRemainder } from "./json-remainder.ts";

it("completes any beginning of a JSON text, however that is spaced", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(), fc.constantFrom(0, 1, "\t"), (value, at, space) => {
      const written = JSON.stringify(value, null, space);
      const told = written.slice(0, at % (written.length + 1));
      const rest = jsonRemainder(told, JSON.stringify(value));
      expect(rest).toBeDefined();
      expect(JSON.parse(told + (rest ?? ""))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

it("completes a text that stops in the middle of an escape", () => {
  expect(jsonRemainder('{ "a": "\\', '{"a":"\\n"}')).toBe('n"}');
});

it("goes on with a text that is no JSON", () => {
  expect(jsonRemainder("not", "not JSON")).toBe(" JSON");
});

it("says so when the text turned out otherwise", () => {
  expect(jsonRemainder('{"a":1', '{"b":1}')).toBeUndefined();
  expect(jsonRemainder('{"a b"', '{"ab":1}')).toBeUndefined();
  expect(jsonRemainder('"\\"', '"\\n"')).toBeUndefined();
  expect(jsonRemainder('{"a":1}', '{"a":1')).toBeUndefined();
});
