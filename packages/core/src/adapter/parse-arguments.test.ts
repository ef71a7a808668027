import { parseArguments } from "./parse-arguments.ts";

it.each([
  ['{"a":1}', { a: 1 }],
  ["", {}],
  ["  ", {}],
  ["null", {}],
  ["[1]", [1]],
  ['{"a":', { invalid_arguments: '{"a":' }],
])("reads the arguments %j", (text, value) => {
  expect(parseArguments(text)).toEqual(value);
});
