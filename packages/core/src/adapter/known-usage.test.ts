import { knownUsage } from "./known-usage.ts";

it("leaves out what was not counted, or counted badly", () => {
  const counts = { input_tokens: 3, output_tokens: NaN, total_tokens: null, cached_input_tokens: -1, other: 0 };
  expect(knownUsage(counts)).toEqual({ input_tokens: 3, other: 0 });
  expect(knownUsage({ input_tokens: undefined })).toBeUndefined();
});
