import { InProcessMemory, words } from "./index.ts";
import type { Embed } from "./index.ts";
import { describeContract, memoryContract } from "./testing/index.ts";

const ada = { userId: "ada" };
const meanings = ["drink", "travel", "work"];

/** Knows what a few words are about, one direction each. */
const embed: Embed = async (all) =>
  all.map((text) => {
    const topics = /tea|coffee|beverage/i.test(text) ? ["drink"] : /train|journey/i.test(text) ? ["travel"] : [];
    return meanings.map((meaning) => (topics.includes(meaning) ? 3 : 0));
  });

/** Texts are as near as the words that they share. */
const bagOfWords: Embed = async (all) =>
  all.map((text) => {
    const vector = Array.from({ length: 1024 }, () => 0);
    for (const word of words(text)) {
      const place = Buffer.from(word).reduce((sum, byte) => (sum * 31 + byte) % vector.length, 7);
      vector[place] = (vector[place] ?? 0) + 1;
    }
    return vector;
  });

async function found(memory: InProcessMemory, query: string): Promise<string[]> {
  return (await memory.search(ada, query)).map(({ text }) => text);
}

function texts(...all: string[]): { text: string }[] {
  return all.map((text) => ({ text }));
}

describeContract("InProcessMemory", memoryContract, { create: () => new InProcessMemory() });
describeContract("InProcessMemory with an embedder", memoryContract, {
  create: () => new InProcessMemory({ embed: bagOfWords }),
});

describe("InProcessMemory", () => {
  it("finds by meaning what shares no word with the query", async () => {
    await using memory = new InProcessMemory({ embed });
    await memory.add(ada, texts("Ada likes oolong tea", "Bob takes the train", "nothing in particular"));
    expect(await found(memory, "favourite beverage")).toEqual(["Ada likes oolong tea"]);
    expect(await found(memory, "journey")).toEqual(["Bob takes the train"]);
    expect(await found(memory, "particular")).toEqual(["nothing in particular"]);
  });

  it("puts what matches by words and by meaning before what matches by one of them", async () => {
    await using memory = new InProcessMemory({ embed });
    await memory.add(ada, texts("coffee to go", "hot tea", "hot water"));
    const results = await memory.search(ada, "hot beverage");
    expect(results[0]?.text).toBe("hot tea");
    expect(results.map(({ text }) => text).toSorted()).toEqual(["coffee to go", "hot tea", "hot water"]);
  });

  it("leaves out what is less near than minSimilarity", async () => {
    const plane: Embed = async (all) => all.map((text) => (text === "half" ? [1, Math.sqrt(3)] : [5, 0]));
    for (const [minSimilarity, expected] of [
      [0.49, ["same", "half"]],
      [0.51, ["same"]],
    ] as const) {
      await using memory = new InProcessMemory({ embed: plane, minSimilarity });
      await memory.add(ada, texts("half", "same"));
      expect(await found(memory, "query")).toEqual(expected);
    }
  });

  it("asks the embedder once for all texts of a call, with the call's signal", async () => {
    const asked: unknown[] = [];
    const { signal } = new AbortController();
    await using memory = new InProcessMemory({
      embed: async (all, options) => {
        asked.push([all, options?.signal]);
        return all.map(() => [1]);
      },
    });
    await memory.add(ada, texts("one", "two"), { signal });
    await memory.add(ada, [], { signal });
    await memory.search(ada, "three", { signal });
    await memory.search(ada, "  ", { signal });
    expect(asked).toEqual([
      [["one", "two"], signal],
      [["three"], signal],
    ]);
  });

  it("remembers nothing when the embedder fails or gives the wrong number of vectors", async () => {
    await using failing = new InProcessMemory({ embed: () => Promise.reject(new Error("no model")) });
    await expect(failing.add(ada, texts("tea"))).rejects.toThrow("no model");
    expect((await failing.list(ada)).items).toEqual([]);
    await using short = new InProcessMemory({ embed: async () => [[1]] });
    await expect(short.add(ada, texts("tea", "coffee"))).rejects.toMatchObject({ code: "internal" });
    expect((await short.list(ada)).items).toEqual([]);
  });

  it("remembers nothing when the signal aborts while the embedder works", async () => {
    const leaving = new AbortController();
    const reason = new Error("stop");
    await using memory = new InProcessMemory({
      embed: async (all) => {
        leaving.abort(reason);
        return all.map(() => [1]);
      },
    });
    await expect(memory.add(ada, texts("tea"), { signal: leaving.signal })).rejects.toBe(reason);
    expect((await memory.list(ada)).items).toEqual([]);
  });

  it("refuses a call that was waiting for the embedder when it was disposed", async () => {
    const embedding = Promise.withResolvers<number[][]>();
    const memory = new InProcessMemory({ embed: () => embedding.promise });
    const added = memory.add(ada, texts("tea"));
    await memory[Symbol.asyncDispose]();
    embedding.resolve([[1]]);
    await expect(added).rejects.toMatchObject({ code: "unavailable" });
  });

  it("finds the others after a memory was deleted before its time was over", async () => {
    let now = 1000;
    await using memory = new InProcessMemory({ now: () => now });
    const [short] = await memory.add(ada, [{ text: "tea at one", ttlMs: 100 }, { text: "tea always" }]);
    await memory.delete(ada, [short?.id ?? ""]);
    now = 1100;
    const results = await memory.search(ada, "tea");
    expect(results.map(({ text }) => text)).toEqual(["tea always"]);
    expect(results[0]?.score).toBeGreaterThan(0);
  });

  it("forgets exactly when the time to live is over, everywhere", async () => {
    let now = 1000;
    await using memory = new InProcessMemory({ now: () => now });
    const tea = { userId: "ada", sessionId: "tea" };
    await memory.add(tea, [
      { text: "tea at one", ttlMs: 100 },
      { text: "tea at two", ttlMs: 200 },
      { text: "tea always" },
    ]);
    expect((await memory.list(ada)).items.map(({ expiresAt }) => expiresAt)).toEqual([undefined, 1200, 1100]);
    now = 1099;
    expect(await found(memory, "tea")).toHaveLength(3);
    now = 1100;
    expect((await memory.list(tea)).items.map(({ text }) => text)).toEqual(["tea always", "tea at two"]);
    now = 1200;
    expect(await found(memory, "tea")).toEqual(["tea always"]);
  });
});
