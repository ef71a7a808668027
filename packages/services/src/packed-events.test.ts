import { PackedEvents } from "./packed-events.ts";

function eventsOf(count: number, size: number, letter = "x"): string[] {
  return Array.from({ length: count }, (_, index) => `${index}:`.padEnd(size, letter));
}

function all(events: PackedEvents): string[] {
  const found: string[] = [];
  for (let batch = events.batch(0, Infinity); batch.length > 0; batch = events.batch(found.length, Infinity)) {
    expect(batch.map(({ sequence }) => sequence)).toEqual(batch.map((_, index) => found.length + index));
    found.push(...batch.map(({ data }) => data));
  }
  return found;
}

describe("PackedEvents", () => {
  it.each([
    ["few", 5, 10, "x"],
    ["many", 300, 200, "x"],
    ["many, in letters of several bytes,", 300, 200, "界"],
  ])("gives %s events back as they came, before and after they are packed", (_, count, size, letter) => {
    const events = new PackedEvents();
    const told = eventsOf(count, size, letter);
    for (let first = 0; first < count; first += 7) events.add(told.slice(first, first + 7));
    expect([events.count, events.length]).toEqual([count, count * size]);
    expect(all(events)).toEqual(told);
    events.pack();
    expect(all(events)).toEqual(told);
  });

  it("gives no more than 1,000 at a time, and nothing beyond the end that is asked for", () => {
    const events = new PackedEvents();
    events.add(eventsOf(2500, 20));
    expect(events.batch(0, Infinity)).toHaveLength(1000);
    expect(events.batch(2400, 2450)).toHaveLength(50);
    expect(events.batch(2500, Infinity)).toEqual([]);
  });
});
