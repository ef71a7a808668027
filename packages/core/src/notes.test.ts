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

  it("adds a note once, however many try at once", async () => {
    const notes = open();
    const tries = await Promise.allSettled([notes.add(key("a"), 1), notes.add(key("a"), 2), notes.add(key("b"), 3)]);
    expect(tries.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(tries[1]).toMatchObject({ reason: { code: "conflict" } });
    expect(await notes.load(key("a"))).toBe(1);
    await notes.delete(key("a"));
    await notes.add(key("a"), 4);
    expect(await notes.load(key("a"))).toBe(4);
  });

  it("loses no change, however many come at once", async () => {
    const notes = open();
    const add = (name: string) => (note: unknown) => [...((note ?? []) as string[]), name];
    await Promise.all(["x", "y", "z"].map(async (name) => notes.change(key("a"), add(name))));
    expect(await notes.load(key("a"))).toEqual(["x", "y", "z"]);
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
