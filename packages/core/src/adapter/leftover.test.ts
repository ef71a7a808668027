import { withLeftover, withoutLeftover } from "./leftover.ts";

it("keeps what is a framework's own apart from the rest of the metadata", () => {
  const metadata = withLeftover({ topic: "tea" }, "framework", { change: 1, part: undefined });
  expect(metadata).toEqual({ topic: "tea", framework: { change: 1 } });
  expect(withoutLeftover(metadata, "framework")).toEqual({ topic: "tea" });
  expect(withLeftover(metadata, "framework", { change: 2 })).toEqual({ topic: "tea", framework: { change: 2 } });
});

it("leaves no metadata where there is nothing to keep", () => {
  expect(withLeftover(null, "framework", { change: undefined })).toBeUndefined();
  expect(withLeftover({ framework: { change: 1 } }, "framework", {})).toBeUndefined();
  expect(withoutLeftover(undefined, "framework")).toBeUndefined();
});
