import { InProcessMemory } from "@agentscope-runtime/services";
import { MemoryStore } from "./memory-store.ts";

const open = (): { readonly memory: InProcessMemory; readonly store: MemoryStore } => {
  const memory = new InProcessMemory();
  return { memory, store: new MemoryStore({ memory, userId: "ada" }) };
};

describe("MemoryStore", () => {
  it("gives back what was put, and nothing for what was not", async () => {
    const { store } = open();
    await store.put(["docs", "a"], "k", { text: "tea", deep: { list: [1, null, "x"] } });
    const item = await store.get(["docs", "a"], "k");
    expect(item).toMatchObject({
      namespace: ["docs", "a"],
      key: "k",
      value: { text: "tea", deep: { list: [1, null, "x"] } },
    });
    expect(item?.createdAt.getTime()).toBeLessThanOrEqual(Date.now());
    expect(await store.get(["docs"], "k")).toBeNull();
    expect(await store.get(["docs", "a"], "other")).toBeNull();
  });

  it("replaces an item whole, keeps when it was made, and forgets the one before", async () => {
    const { store, memory } = open();
    await store.put(["n"], "k", { a: 1, text: "green" });
    const first = await store.get(["n"], "k");
    await store.put(["n"], "k", { b: 2, text: "blue" });
    const second = await store.get(["n"], "k");
    expect(second?.value).toEqual({ b: 2, text: "blue" });
    expect(second?.createdAt).toEqual(first?.createdAt);
    expect((await memory.list({ userId: "ada" })).items).toHaveLength(1);
    expect(await store.search(["n"], { query: "green" })).toEqual([]);
    await store.delete(["n"], "k");
    expect(await store.get(["n"], "k")).toBeNull();
    expect((await memory.list({ userId: "ada" })).items).toEqual([]);
  });

  it("keeps users apart, and places whose labels join to the same text", async () => {
    const { store, memory } = open();
    const other = new MemoryStore({ memory, userId: "bob" });
    await store.put(["a", "b"], "c", { v: 1 });
    await store.put(["a"], "b/c", { v: 2 });
    expect((await store.get(["a", "b"], "c"))?.value).toEqual({ v: 1 });
    expect(await other.get(["a", "b"], "c")).toBeNull();
    expect(await other.search([])).toEqual([]);
    expect(await other.listNamespaces()).toEqual([]);
  });

  it("finds by words, best first, within the prefix, and only its own", async () => {
    const { store, memory } = open();
    await store.put(["u", "likes"], "tea", { text: "Ada likes green tea in the morning" });
    await store.put(["u", "likes"], "rain", { text: "Ada likes rain" });
    await store.put(["other"], "tea", { text: "green tea" });
    await memory.add({ userId: "ada" }, [{ text: "green tea, from another agent" }]);
    const found = await store.search(["u"], { query: "green tea" });
    expect(found.map(({ key }) => key)).toEqual(["tea"]);
    expect(found[0]?.score).toBeGreaterThan(0);
    expect((await memory.search({ userId: "ada" }, "morning")).map(({ text }) => text)).toEqual([
      "Ada likes green tea in the morning",
    ]);
  });

  it("looks at the paths of the index only, and at nothing where it is off", async () => {
    const { store } = open();
    await store.put(["n"], "paths", { title: "apple", body: "pear", tags: ["plum", "fig"] }, [
      "title",
      "tags[*]",
      "no.such",
    ]);
    await store.put(["n"], "off", { title: "apple" }, false);
    const keys = async (query: string): Promise<readonly string[]> =>
      (await store.search(["n"], { query })).map(({ key }) => key);
    expect(await keys("apple")).toEqual(["paths"]);
    expect(await keys("fig")).toEqual(["paths"]);
    expect(await keys("pear")).toEqual([]);
    expect((await store.search(["n"])).map(({ key }) => key)).toEqual(["off", "paths"]);
  });

  it("filters by equal fields and by LangGraph's operators", async () => {
    const { store } = open();
    for (const [key, score, color] of [
      ["a", 1, "red"],
      ["b", 2, "blue"],
      ["c", 3, "red"],
    ] as const) {
      await store.put(["n"], key, { score, color, at: { x: score } });
    }
    const keys = async (filter: Record<string, unknown>): Promise<readonly string[]> =>
      (await store.search(["n"], { filter })).map(({ key }) => key).toSorted();
    expect(await keys({ color: "red" })).toEqual(["a", "c"]);
    expect(await keys({ at: { x: 2 } })).toEqual(["b"]);
    expect(await keys({ score: { $gt: 1, $lte: 3 }, color: { $ne: "blue" } })).toEqual(["c"]);
    expect(await keys({ color: { $gte: "blue", $lt: "red" } })).toEqual(["b"]);
    expect(await keys({ missing: { $gt: 0 } })).toEqual([]);
    expect(await keys({ score: { $like: 1 } })).toEqual([]);
  });

  it("pages, put last first, over more than a page of memories", async () => {
    const { store } = open();
    for (let index = 0; index < 120; index += 1) await store.put(["n"], `k${index}`, { index });
    const page = await store.search(["n"], { limit: 3, offset: 110 });
    expect(page.map(({ value }) => value["index"] as unknown)).toEqual([9, 8, 7]);
  });

  it("lists namespaces by prefix, suffix and depth", async () => {
    const { store } = open();
    for (const namespace of [
      ["a", "b", "c"],
      ["a", "x", "c"],
      ["d", "b"],
    ])
      await store.put(namespace, "k", {});
    expect(await store.listNamespaces()).toEqual([
      ["a", "b", "c"],
      ["a", "x", "c"],
      ["d", "b"],
    ]);
    expect(await store.listNamespaces({ prefix: ["a", "*"], maxDepth: 1 })).toEqual([["a"]]);
    expect(await store.listNamespaces({ suffix: ["c"], limit: 1, offset: 1 })).toEqual([["a", "x", "c"]]);
  });

  it("leaves one item, whole, when puts of it race", async () => {
    const { store, memory } = open();
    const peer = new MemoryStore({ memory, userId: "ada" });
    await Promise.all(
      Array.from({ length: 20 }, async (_, index) => (index % 2 === 0 ? store : peer).put(["n"], "k", { index })),
    );
    expect((await memory.list({ userId: "ada" })).items).toHaveLength(1);
    expect(await store.get(["n"], "k")).toMatchObject({ value: { index: expect.any(Number) } });
  });

  it("sees in one batch what was done before in it", async () => {
    const { store } = open();
    const results = await store.batch([
      { namespace: ["n"], key: "k", value: { a: 1 } },
      { namespace: ["n"], key: "k" },
      { namespacePrefix: ["n"] },
    ]);
    expect(results[1]).toMatchObject({ value: { a: 1 } });
    expect(results[2]).toHaveLength(1);
  });

  it("refuses values that are no JSON objects", async () => {
    const { store } = open();
    await expect(store.put(["n"], "k", [1] as never)).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
