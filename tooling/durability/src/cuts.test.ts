import { describeWithPostgres, describeWithRedis } from "@agentscope-runtime-tooling/services";
import { readWithCuts } from "./read-with-cuts.ts";
import { beginStory, startReplicas } from "./replicas.ts";

const wantedCuts = 1_000;
const mostCutsEach = 60;
const atOnce = 8;

/** Numbers that look random and are the same each time: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function expectWholeStreams(store: string): Promise<void> {
  const random = seeded(20_261_123);
  await using replicas = await startReplicas(store);
  const urls = replicas.processes.map(({ url }) => url);
  let cuts = 0;
  let next = 0;
  const reader = async (): Promise<void> => {
    for (let run = next++; cuts < wantedCuts; run = next++) {
      const id = `run_${run}`;
      // 10 to 2,000 events, as many short as long ones; some faster than they can be read, some slower.
      const pieces = Math.round(4 * 500 ** random());
      const story = random() < 0.5 ? { pieces } : { pieces: Math.min(pieces, 300), intervalMs: 1 };
      await beginStory(urls[run % urls.length] ?? "", story, { id });
      const reading = await readWithCuts({ urls, runId: id, random, cuts: mostCutsEach });
      // Exactly 0 to n: none lost, none doubled, none out of order.
      expect(reading.events.map(({ sequence_number: number }) => number)).toEqual([...reading.events.keys()]);
      expect(reading.events.at(-1)).toMatchObject({ object: "response", status: "completed" });
      expect(reading.events).toHaveLength(story.pieces + 6);
      cuts += reading.cuts;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, reader));
}

describeWithPostgres("streams of two replicas on Postgres", (url) => {
  it("give every client exactly the events 0 to n, however often they are cut", async () => {
    await expectWholeStreams(url());
  }, 120_000);
});

describeWithRedis("streams of two replicas on Redis", (url) => {
  it("give every client exactly the events 0 to n, however often they are cut", async () => {
    await expectWholeStreams(url());
  }, 120_000);
});
