import { InProcessMemory } from "@agentscope-runtime/services";
import { createRecall } from "./create-recall.ts";
import type { RecallOptions } from "./create-recall.ts";

/** A user's memories, and what they were asked for. */
async function remembering(
  ...texts: readonly string[]
): Promise<{ readonly memory: RecallOptions["memory"]; readonly asked: readonly string[] }> {
  const service = new InProcessMemory();
  const scope = { userId: "ann" };
  const asked: string[] = [];
  const memory: RecallOptions["memory"] = {
    async search(query, options) {
      asked.push(query);
      return service.search(scope, query, options);
    },
    async add(memories) {
      await service.add(scope, memories);
    },
  };
  await memory.add(texts.map((text) => ({ text })));
  return { memory, asked };
}

it("tells what fits what the user says, at the most so many memories", async () => {
  const { memory } = await remembering("Likes green tea.", "Lives in Rome.", "Drinks tea at four.");
  const told = await createRecall({ memory })("More tea?");
  expect(told).toMatch(/^What is remembered about the user:\n- /);
  expect(told?.split("\n").slice(1).toSorted()).toEqual(["- Drinks tea at four.", "- Likes green tea."]);
  expect((await createRecall({ memory, limit: 1 })("More tea?"))?.split("\n")).toHaveLength(2);
});

it("tells nothing where nothing fits or nothing was said", async () => {
  const { memory, asked } = await remembering("Likes green tea.");
  const recall = createRecall({ memory });
  expect(await recall("Hello!")).toBeUndefined();
  expect(await recall("")).toBeUndefined();
  expect(asked).toEqual(["Hello!"]);
});

it("searches once for the same words, however often it is asked", async () => {
  const { memory, asked } = await remembering("Likes green tea.");
  const recall = createRecall({ memory });
  const told = await Promise.all([recall("Tea?"), recall("Tea?")]);
  expect(told).toEqual([await recall("Tea?"), await recall("Tea?")]);
  await recall("And coffee?");
  expect(asked).toEqual(["Tea?", "And coffee?"]);
});

it("remembers what the user says where it is asked to, and does not find it at once", async () => {
  const { memory } = await remembering();
  expect(await createRecall({ memory })("I hate tea.")).toBeUndefined();
  expect(await createRecall({ memory, remember: true })("I like tea.")).toBeUndefined();
  expect(await createRecall({ memory })("Which tea?")).toBe("What is remembered about the user:\n- I like tea.");
});
