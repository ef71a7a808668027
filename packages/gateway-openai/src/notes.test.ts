import { InProcessState } from "@agentscope-runtime/services";
import { InProcessNotes, stateNotes } from "./notes.ts";
import type { Notes } from "./notes.ts";

const key = (sessionId: string): { userId: string; sessionId: string; name: string } => ({
  userId: "ada",
  sessionId,
  name: "note",
});

describe.each<[string, () => Notes]>([
  ["InProcessNotes", () => new InProcessNotes()],
  ["stateNotes", () => stateNotes(new InProcessState())],
])("%s", (_name, open) => {
  it("gives back what was kept last, until it is deleted", async () => {
    const notes = open();
    expect(await notes.load(key("a"))).toBeUndefined();
    await notes.save(key("a"), { one: 1 });
    await notes.save(key("a"), { two: [2] });
    await notes.save(key("b"), "other");
    expect([await notes.load(key("a")), await notes.load(key("b"))]).toEqual([{ two: [2] }, "other"]);
    await notes.delete(key("a"));
    await notes.delete(key("a"));
    expect(await notes.load(key("a"))).toBeUndefined();
  });
});

describe("InProcessNotes", () => {
  it("forgets the oldest beyond its limit, and never the newest", async () => {
    const notes = new InProcessNotes({ maxLength: 25 });
    for (const name of ["a", "b", "c"]) await notes.save(key(name), "x".repeat(8)); // With its quotes, 10 characters.
    expect(await Promise.all(["a", "b", "c"].map(async (name) => notes.load(key(name))))).toEqual([
      undefined,
      "xxxxxxxx",
      "xxxxxxxx",
    ]);
    await notes.save(key("d"), "y".repeat(100));
    expect(await notes.load(key("c"))).toBeUndefined();
    expect(await notes.load(key("d"))).toBe("y".repeat(100));
  });
});
