import type { FoundMemory, MemoryScope, MemoryService } from "../memory-service.ts";
import { awkwardIds, awkwardPairs, awkwardText, longText } from "./awkward-text.ts";
import type { Contract } from "./contract.ts";
import { eventually } from "./eventually.ts";
import { pagedListContract } from "./paged-list.ts";
import { expectAborted, expectDisposed } from "./refusals.ts";
import type { EveryCall } from "./refusals.ts";

const ada: MemoryScope = { userId: "ada" };
const tea: MemoryScope = { userId: "ada", sessionId: "tea" };
const rum: MemoryScope = { userId: "ada", sessionId: "rum" };
const bob: MemoryScope = { userId: "bob" };

const everyCall: EveryCall<MemoryService> = (memory, options) => ({
  add: () => memory.add(ada, [{ text: "late" }], options),
  search: () => memory.search(ada, "late", options),
  list: () => memory.list(ada, options),
  delete: () => memory.delete(ada, undefined, options),
});

async function add(memory: MemoryService, scope: MemoryScope, ...texts: readonly string[]): Promise<string[]> {
  const added = await memory.add(
    scope,
    texts.map((text) => ({ text })),
  );
  return added.map(({ id }) => id);
}

/** The texts of the newest 1,000 memories, newest first. */
async function textsOf(memory: MemoryService, scope: MemoryScope): Promise<string[]> {
  const { items } = await memory.list(scope, { limit: 1000 });
  return items.map(({ text }) => text);
}

async function found(memory: MemoryService, scope: MemoryScope, query: string): Promise<string[]> {
  return (await memory.search(scope, query)).map(({ text }) => text);
}

function textOf(scope: MemoryScope): string {
  return `likes ${JSON.stringify(scope)}`;
}

/** Checks that scopes which a backend could take for each other each keep their own memory and their own end. */
async function expectKeptApart(memory: MemoryService, scopes: readonly MemoryScope[]): Promise<void> {
  for (const scope of scopes) await add(memory, scope, textOf(scope));
  for (const scope of scopes) expect(await textsOf(memory, scope)).toEqual([textOf(scope)]);
  for (const scope of scopes) expect(await found(memory, scope, "likes")).toEqual([textOf(scope)]);
  const left = [...scopes];
  for (const scope of scopes) {
    await memory.delete(scope);
    left.shift();
    const next = left[0];
    expect(await textsOf(memory, scope)).toEqual([]);
    if (next !== undefined) expect(await textsOf(memory, next)).toEqual([textOf(next)]);
  }
}

/**
 * What it means to be a {@link MemoryService}. A service that has an embedder needs one here that sees nothing in common
 * between texts that share no word.
 */
export const memoryContract: Contract<MemoryService> = {
  "remembers nothing at first": async (memory) => {
    expect(await memory.list(ada)).toEqual({ items: [], cursor: undefined });
    expect(await memory.search(ada, "tea")).toEqual([]);
  },

  "gives back what it was told to remember, in the order given": async (memory) => {
    const added = await memory.add(tea, [
      { text: "first", metadata: { a: 1 } },
      { text: "second", ttlMs: 3_600_000 },
    ]);
    const common = { ...tea, id: expect.any(String) as string, createdAt: expect.any(Number) as number };
    expect(added).toEqual([
      { ...common, text: "first", metadata: { a: 1 }, expiresAt: undefined },
      { ...common, text: "second", metadata: {}, expiresAt: (added[1]?.createdAt ?? 0) + 3_600_000 },
    ]);
    expect((await memory.list(tea)).items).toEqual([...added].toReversed());
    expect(Math.abs(Date.now() - (added[0]?.createdAt ?? 0))).toBeLessThan(60_000);
  },

  "changes nothing when it is given no memories": async (memory) => {
    expect(await memory.add(ada, [])).toEqual([]);
    expect(await textsOf(memory, ada)).toEqual([]);
  },

  "gives each memory an id of its own, also for the same text": async (memory) => {
    const calls = Array.from({ length: 20 }, () => add(memory, ada, "same", "same"));
    expect(new Set((await Promise.all(calls)).flat()).size).toBe(40);
    expect(await textsOf(memory, ada)).toHaveLength(40);
  },

  "finds by words, whatever their case and order": async (memory) => {
    await add(memory, ada, "Ada prefers Oolong tea in the morning.", "The parcel arrived on Monday");
    for (const query of ["oolong", "OOLONG", "tea oolong", "morning, Oolong!", "¿oolong?"]) {
      expect(await found(memory, ada, query)).toEqual(["Ada prefers Oolong tea in the morning."]);
    }
  },

  "returns nothing that has nothing in common with the query": async (memory) => {
    await add(memory, ada, "Ada prefers oolong", "Bob prefers coffee");
    expect(await found(memory, ada, "submarine")).toEqual([]);
    expect(await found(memory, ada, "oolong submarine")).toEqual(["Ada prefers oolong"]);
    for (const query of ["", " ", "?!", "%", "*", "' or 1=1 --", "\\", "&|!():*<->"]) {
      expect(await found(memory, ada, query)).toEqual([]);
    }
  },

  "puts the best match first, with scores above 0 that fall": async (memory) => {
    await add(memory, ada, "green apples", "green tea and green cups", "red tea", "black hats");
    const results: readonly FoundMemory[] = await memory.search(ada, "green tea");
    expect(results[0]?.text).toBe("green tea and green cups");
    expect(results.map(({ text }) => text).toSorted()).toEqual(["green apples", "green tea and green cups", "red tea"]);
    const scores = results.map(({ score }) => score);
    expect(scores).toEqual(scores.toSorted((left, right) => right - left));
    expect(scores.at(-1)).toBeGreaterThan(0);
  },

  "counts rare words for more than frequent ones, and short texts for more than long ones": async (memory) => {
    const often = Array.from({ length: 20 }, (_, index) => `the garden number ${index}`);
    const rarely = ["the heron", "the heron stood for a long time in the water of the pond"];
    await add(memory, ada, ...often, ...rarely);
    expect((await found(memory, ada, "the heron")).slice(0, 2)).toEqual(rarely);
    expect((await found(memory, ada, "garden heron"))[0]).toBe("the heron");
  },

  "takes a query of thousands of words": async (memory) => {
    await add(memory, ada, "Ada prefers oolong", "Bob prefers coffee");
    const query = Array.from({ length: 3000 }, (_, index) => `word${index}`).join(" ");
    expect(await found(memory, ada, `${query} oolong`)).toEqual(["Ada prefers oolong"]);
  },

  "finds whole memories, as they are listed": async (memory) => {
    await memory.add(tea, [{ text: "oolong", metadata: { deep: [{ list: [1, null] }] }, ttlMs: 3_600_000 }]);
    const [listed] = (await memory.list(ada)).items;
    expect(await memory.search(ada, "oolong")).toEqual([{ ...listed, score: expect.any(Number) as number }]);
  },

  "finds 10 at most by default, and as many as the limit says": async (memory) => {
    await add(memory, ada, ...Array.from({ length: 12 }, (_, index) => `tea number ${index}`));
    expect(await memory.search(ada, "tea")).toHaveLength(10);
    for (const limit of [1, 11]) expect(await memory.search(ada, "tea", { limit })).toHaveLength(limit);
    expect(await memory.search(ada, "tea", { limit: 1000 })).toHaveLength(12);
  },

  "refuses to search with a limit that is not from 1 to 1,000": async (memory) => {
    await add(memory, ada, "tea");
    for (const limit of [0, -1, 1.5, 1001, NaN]) {
      await expect(memory.search(ada, "tea", { limit })).rejects.toMatchObject({ code: "invalid_argument" });
    }
  },

  "finds words of scripts with case and accents": async (memory) => {
    await add(memory, ada, "Über den Wolken", "Москва слезам не верит", "Η Αθήνα", "crème brûlée");
    expect(await found(memory, ada, "ÜBER")).toEqual(["Über den Wolken"]);
    expect(await found(memory, ada, "москва")).toEqual(["Москва слезам не верит"]);
    expect(await found(memory, ada, "αθήνα")).toEqual(["Η Αθήνα"]);
    expect(await found(memory, ada, "BRÛLÉE")).toEqual(["crème brûlée"]);
  },

  "finds Chinese and Japanese words, which no space divides": async (memory) => {
    await add(memory, ada, "她每天早上喝乌龙茶。", "他住在北京", "東京に行きました");
    expect(await found(memory, ada, "乌龙茶")).toEqual(["她每天早上喝乌龙茶。"]);
    expect(await found(memory, ada, "北京")).toEqual(["他住在北京"]);
    expect(await found(memory, ada, "東京")).toEqual(["東京に行きました"]);
  },

  "lists newest first, and of one call the last first": async (memory) => {
    await add(memory, ada, "one", "two");
    await add(memory, tea, "three");
    await add(memory, ada, "four");
    expect(await textsOf(memory, ada)).toEqual(["four", "three", "two", "one"]);
  },

  "keeps sessions apart, and shows the user all of them": async (memory) => {
    await add(memory, ada, "tea of nobody");
    await add(memory, tea, "tea of the tea session");
    await add(memory, rum, "tea of the rum session");
    expect(await textsOf(memory, tea)).toEqual(["tea of the tea session"]);
    expect(await found(memory, rum, "tea")).toEqual(["tea of the rum session"]);
    expect(await textsOf(memory, ada)).toEqual(["tea of the rum session", "tea of the tea session", "tea of nobody"]);
    expect(await found(memory, ada, "tea")).toHaveLength(3);
    const { items } = await memory.list(ada);
    expect(items.map(({ sessionId }) => sessionId)).toEqual(["rum", "tea", undefined]);
  },

  "keeps users apart, even with equal session ids": async (memory) => {
    const [id = ""] = await add(memory, tea, "oolong");
    const bobsTea = { userId: "bob", sessionId: "tea" };
    for (const scope of [bob, bobsTea]) {
      expect(await textsOf(memory, scope)).toEqual([]);
      expect(await found(memory, scope, "oolong")).toEqual([]);
      await memory.delete(scope, [id]);
      await memory.delete(scope);
    }
    expect(await textsOf(memory, tea)).toEqual(["oolong"]);
  },

  "takes any text as an id": async (memory) => {
    await expectKeptApart(
      memory,
      awkwardIds.map((userId) => ({ userId })),
    );
    await expectKeptApart(
      memory,
      awkwardIds.map((sessionId) => ({ userId: "ada", sessionId })),
    );
  },

  "keeps scopes apart whose ids join to the same text": async (memory) => {
    await expectKeptApart(
      memory,
      awkwardPairs.map(([userId, sessionId]) => ({ userId, sessionId })),
    );
  },

  "forgets by id, and again without complaint": async (memory) => {
    const [one = "", , three = ""] = await add(memory, ada, "tea one", "tea two", "tea three");
    await memory.delete(ada, [one, three, "unknown", ...awkwardIds]);
    await memory.delete(ada, [one]);
    expect(await textsOf(memory, ada)).toEqual(["tea two"]);
    expect(await found(memory, ada, "tea")).toEqual(["tea two"]);
  },

  "forgets nothing for an empty list of ids": async (memory) => {
    await add(memory, ada, "tea");
    await memory.delete(ada, []);
    expect(await textsOf(memory, ada)).toEqual(["tea"]);
  },

  "forgets ids only within the scope": async (memory) => {
    const [teas = ""] = await add(memory, tea, "tea");
    const [nobodys = ""] = await add(memory, ada, "nobody's");
    await memory.delete(rum, [teas, nobodys]);
    await memory.delete(tea, [nobodys]);
    expect(await textsOf(memory, ada)).toEqual(["nobody's", "tea"]);
    await memory.delete(ada, [teas]);
    expect(await textsOf(memory, ada)).toEqual(["nobody's"]);
  },

  "forgets a whole session, or all of a user": async (memory) => {
    for (const scope of [ada, tea, rum, bob]) await add(memory, scope, `tea of ${JSON.stringify(scope)}`);
    await memory.delete(tea);
    expect(await textsOf(memory, tea)).toEqual([]);
    expect(await textsOf(memory, ada)).toHaveLength(2);
    await memory.delete(ada);
    await memory.delete(ada);
    for (const scope of [ada, rum]) {
      expect(await textsOf(memory, scope)).toEqual([]);
      expect(await found(memory, scope, "tea")).toEqual([]);
    }
    expect(await textsOf(memory, bob)).toHaveLength(1);
  },

  "forgets by itself when the time to live is over": async (memory) => {
    await memory.add(tea, [
      { text: "tea that stays" },
      { text: "tea that goes", ttlMs: 100 },
      { text: "tea", ttlMs: 3_600_000 },
    ]);
    await eventually(async () => !(await textsOf(memory, ada)).includes("tea that goes"));
    expect(await textsOf(memory, tea)).toEqual(["tea", "tea that stays"]);
    expect((await found(memory, tea, "tea")).toSorted()).toEqual(["tea", "tea that stays"]);
  },

  "refuses a time to live that is not a whole number above 0, and remembers none of the call": async (memory) => {
    for (const ttlMs of [0, -1, 1.5, NaN, Infinity]) {
      await expect(memory.add(ada, [{ text: "tea" }, { text: "oolong", ttlMs }])).rejects.toMatchObject({
        code: "invalid_argument",
      });
    }
    expect(await textsOf(memory, ada)).toEqual([]);
  },

  "gives text and metadata back as they were": async (memory) => {
    const metadata = { [awkwardText]: awkwardText, number: 0.1, list: [1, [2, []]], nothing: null, constructor: 1 };
    await memory.add(ada, [{ text: awkwardText, metadata }, { text: "" }]);
    const { items } = await memory.list(ada);
    expect(items.map(({ text }) => text)).toEqual(["", awkwardText]);
    expect(items[1]?.metadata).toEqual(metadata);
    expect(await found(memory, ada, "zoë")).toEqual([awkwardText]);
  },

  "keeps a memory of 1 MB and finds it": async (memory) => {
    await add(memory, ada, `${longText()} oolong`);
    const [result] = await found(memory, ada, "OOLONG");
    expect(result === `${longText()} oolong`).toBe(true); // `toBe` of the text itself would print both.
  },

  "keeps its own copy of what it was given": async (memory) => {
    const metadata = { list: [1] };
    await memory.add(ada, [{ text: "tea", metadata }]);
    metadata.list.push(2);
    expect((await memory.list(ada)).items).toMatchObject([{ metadata: { list: [1] } }]);
  },

  "gives copies that may be changed": async (memory) => {
    const added = await memory.add(ada, [{ text: "tea", metadata: { list: [1] } }]);
    const results = [...added, ...(await memory.list(ada)).items, ...(await memory.search(ada, "tea"))];
    for (const result of results) Object.assign(result.metadata, { list: [] });
    expect((await memory.list(ada)).items).toMatchObject([{ metadata: { list: [1] } }]);
    expect(await memory.search(ada, "tea")).toMatchObject([{ metadata: { list: [1] } }]);
  },

  "loses nothing when 50 calls race, on two replicas": async (memory, openPeer) => {
    const peer = await openPeer();
    const calls = Array.from({ length: 50 }, (_, call) =>
      add(call % 2 === 0 ? memory : peer, call % 3 === 0 ? tea : ada, `tea ${call} a`, `tea ${call} b`),
    );
    const ids = (await Promise.all(calls)).flat();
    const { items } = await memory.list(ada, { limit: 1000 });
    expect(items.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(await peer.search(ada, "tea", { limit: 1000 })).toHaveLength(100);
  },

  "shows a replica what another one remembers": async (memory, openPeer) => {
    const peer = await openPeer();
    const [id = ""] = await add(memory, tea, "oolong");
    expect(await found(peer, ada, "oolong")).toEqual(["oolong"]);
    await peer.delete(tea, [id]);
    expect(await found(memory, ada, "oolong")).toEqual([]);
  },

  "goes on behind a memory that was forgotten after its page was read": async (memory) => {
    const ids = await add(memory, ada, "one", "two", "three");
    const { cursor } = await memory.list(ada, { limit: 2 });
    await memory.delete(ada, ids.slice(1, 2));
    expect((await memory.list(ada, { cursor })).items.map(({ text }) => text)).toEqual(["one"]);
  },

  "does nothing once the signal is aborted": async (memory) => {
    await add(memory, ada, "tea");
    await expectAborted(everyCall, memory);
    expect(await textsOf(memory, ada)).toEqual(["tea"]);
  },

  "refuses every call once it is disposed": async (memory) => {
    await expectDisposed(everyCall, memory);
  },

  ...pagedListContract<MemoryService>("memories", {
    add: async (memory) => (await add(memory, tea, "tea")).join(),
    read: async (memory, options) => {
      const { items, cursor } = await memory.list(tea, options);
      return { items: items.map(({ id }) => id), cursor };
    },
    foreignCursors: async (memory) => {
      for (const scope of [bob, rum]) await add(memory, scope, "one", "two");
      const pages = [bob, rum, ada].map((scope) => memory.list(scope, { limit: 1 }));
      return (await Promise.all(pages)).map(({ cursor }) => cursor);
    },
  }),
};
