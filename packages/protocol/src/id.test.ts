import * as fc from "fast-check";
import { idSchema } from "./id.ts";

const isId = (value: unknown): boolean => idSchema.safeParse(value).success;

describe("idSchema", () => {
  it.each([
    "a",
    "1745000000000",
    "response_6f1c1f0e-8f53-4bd0-a3cc-1d0f7d8a1b11",
    "someone+tag@example.com",
    "org:team|user=7",
    "~draft.v2..final",
    "-",
    "用户一",
    "Ünïcødé",
    "a".repeat(128),
  ])("takes %j", (id) => {
    expect(idSchema.parse(id)).toBe(id);
  });

  it.each([
    ["nothing", ""],
    ["a dot", "."],
    ["two dots", ".."],
    ["a path", "../etc/passwd"],
    ["a slash", "a/b"],
    ["a backslash", "a\\b"],
    ["a space", "a b"],
    ["a line break", "a\nb"],
    ["a line break at the end", "a\n"],
    ["a carriage return", "a\r"],
    ["a null character", "a\0"],
    ["an escape sequence", "\u001B[31m"],
    ["a percent sign", "a%2Fb"],
    ["a query", "a?b"],
    ["a fragment", "a#b"],
    ["a quote", "a'b"],
    ["markup", "<b>"],
    ["a shell substitution", "$(id)"],
    ["a glob", "*"],
    ["a Redis hash tag", "{a}"],
    ["a text direction override", "a\u202Eb"],
    ["a space of no width", "a\u200Bb"],
    ["half a character", "a\uD800"],
    ["129 characters", "a".repeat(129)],
    ["a number", 7],
    ["null", null],
  ])("refuses %s", (_, id) => {
    expect(isId(id)).toBe(false);
  });

  it("takes only what is one segment of a URL path and one line of a log", () => {
    const characters = Array.from("aZ9._:@=+~|-é用/\\%?#&; \t\n\r\0");
    const character = fc.oneof(fc.constantFrom(...characters), fc.string({ unit: "binary" }));
    const candidate = fc.string({ unit: character, minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(candidate, (id) => {
        fc.pre(isId(id));
        const { pathname } = new URL(`http://host/runs/${encodeURIComponent(id)}/events`);
        expect(pathname.split("/").map(decodeURIComponent)).toEqual(["", "runs", id, "events"]);
        expect(new URL(`http://host/runs/${id}/events`).pathname.split("/")).toHaveLength(4);
        expect(id).not.toMatch(/\p{C}|\p{Z}/u);
      }),
    );
  });
});
