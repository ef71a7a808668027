import { PackedEvents } from "./packed-events.ts";
import { TextArena } from "./text-arena.ts";

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
  ])("gives %s events back as they came, one by one and all at once", (_, count, size, letter) => {
    const events = new PackedEvents(new TextArena());
    const told = eventsOf(count, size, letter);
    for (let first = 0; first < count; first += 7) events.add(told.slice(first, first + 7));
    expect([events.count, events.length]).toEqual([count, count * size]);
    expect(all(events)).toEqual(told);
    const whole = new PackedEvents(new TextArena());
    whole.add(told, true);
    expect([whole.count, whole.length]).toEqual([count, count * size]);
    expect(all(whole)).toEqual(told);
  });

  it("gives no more than 1,000 at a time, and nothing beyond the end that is asked for", () => {
    const events = new PackedEvents(new TextArena());
    events.add(eventsOf(1500, 5));
    expect(events.batch(0, Infinity)).toHaveLength(1000);
    expect(events.batch(1400, 1450)).toHaveLength(50);
    expect(events.batch(1500, Infinity)).toEqual([]);
  });

  it("keeps what is still read when the arena's place is used by others", () => {
    const arena = new TextArena();
    const told = eventsOf(300, 200);
    const [read, unread] = [new PackedEvents(arena), new PackedEvents(arena)];
    for (const events of [read, unread]) events.add(told);
    read.leave({ keep: true });
    unread.leave({ keep: false });
    new PackedEvents(arena).add(eventsOf(600, 200, "y"));
    expect(all(read)).toEqual(told);
  });
});
