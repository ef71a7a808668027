import { stopReason } from "./stop-reason.ts";

it.each([
  ["length", "max_tokens"],
  ["MAX_TOKENS", "max_tokens"],
  ["content-filter", "content_filter"],
  ["SAFETY", "content_filter"],
  ["interrupted", "interrupted"],
  ["stop", undefined],
  ["tool-calls", undefined],
  ["end_turn", undefined],
])("knows why a model stopped with %s", (finish, reason) => {
  expect(stopReason(finish)).toBe(reason);
});
