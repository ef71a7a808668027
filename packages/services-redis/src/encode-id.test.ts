import * as fc from "fast-check";
import { decodeId, encodeId } from "./encode-id.ts";

it("gives every text back, also one that is not well-formed", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), (one, other) => {
      const text = `${one}\ud83d${other}`;
      expect(decodeId(encodeId(text))).toBe(text);
    }),
  );
});

it("leaves nothing that Redis or a key of ours has a use for", () => {
  const encoded = encodeId("{a}:*?[b]\\\n %3a; \ud83d");
  expect(encoded).not.toMatch(/[{}:*?[\]\\\n ]/);
  expect(encoded.isWellFormed()).toBe(true);
});

it("keeps plain ids readable", () => {
  expect(encodeId("ada.lovelace@example-1_2")).toBe("ada.lovelace@example-1_2");
});
