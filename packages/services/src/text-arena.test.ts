import fc from "fast-check";
import { TextArena, textAt } from "./text-arena.ts";
import type { PlacedText } from "./text-arena.ts";

describe("TextArena", () => {
  it("gives every text back as it came until it is freed, whatever is placed and freed meanwhile", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.nat({ max: 40_000 }).map((length) => "x".repeat(length)),
      fc.nat({ max: 20_000 }).map((length) => "界".repeat(length)),
    );
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ place: text, room: fc.nat({ max: 2000 }) }) },
      { weight: 3, arbitrary: fc.record({ grow: fc.nat(), by: text }) },
      { weight: 2, arbitrary: fc.record({ free: fc.nat() }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const arena = new TextArena();
        const placed: { text: string; readonly at: PlacedText }[] = [];
        for (const one of steps) {
          if ("place" in one) placed.push({ text: one.place, at: arena.place(one.place, one.room) });
          else if ("grow" in one) {
            const grown = placed[one.grow % (placed.length + 1)];
            if (grown !== undefined && arena.grow(grown.at, one.by)) grown.text += one.by;
          } else for (const { at } of placed.splice(one.free % (placed.length + 1), 1)) arena.free(at);
          for (const { text: told, at } of placed) expect(textAt(at) === told).toBe(true);
        }
      }),
    );
  });

  it("takes no more memory for texts that come and go", () => {
    const arena = new TextArena();
    const chunks = new Set<unknown>();
    const kept: PlacedText[] = [];
    for (let count = 0; count < 10_000; count += 1) {
      const placed = arena.place("x".repeat(5000));
      chunks.add(placed.chunk);
      kept.push(placed);
      if (kept.length > 60) arena.free(kept.shift() as PlacedText);
    }
    expect(chunks.size).toBeLessThanOrEqual(13); // 61 texts of which 6 are in one chunk, and those at either end.
  });
});
