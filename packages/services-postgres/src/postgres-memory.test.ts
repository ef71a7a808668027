import { freshName } from "@agentscope-runtime-tooling/services";
import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { words } from "@agentscope-runtime/services";
import type { Embed } from "@agentscope-runtime/services";
import { describeContract, eventually, memoryContract } from "@agentscope-runtime/services/testing";
import { vector } from "@electric-sql/pglite-pgvector";
import { PGlite } from "@electric-sql/pglite";
import { openPGlite, openPostgres, PostgresMemory } from "./index.ts";
import type { Database } from "./index.ts";

const ada = { userId: "ada" };

/** Texts are as near as the words that they share. */
const bagOfWords: Embed = async (all) =>
  all.map((text) => {
    const counts = Array.from({ length: 1024 }, () => 0);
    for (const word of words(text)) {
      const place = Buffer.from(word).reduce((sum, byte) => (sum * 31 + byte) % counts.length, 7);
      counts[place] = (counts[place] ?? 0) + 1;
    }
    return counts;
  });

/** Knows what a few words are about, one direction each. */
const meaning: Embed = async (all) =>
  all.map((text) => [
    /tea|coffee|beverage/.test(text) ? 3 : 0,
    /train|journey/.test(text) ? 1 : 0,
    /work|office|train/.test(text) ? 1 : 0,
  ]);

function texts(...all: readonly string[]): { text: string }[] {
  return all.map((text) => ({ text }));
}

/** What is found near a beverage, and near a journey: strictly, and generously. */
async function foundByMeaning(database: Database): Promise<string[][]> {
  await using strict = new PostgresMemory({ database, embed: meaning, minSimilarity: 0.8 });
  await using generous = new PostgresMemory({ database, embed: meaning, minSimilarity: 0.7 });
  await strict.add(ada, texts("Ada likes tea", "a train to the sea", "nothing at all"));
  const found = [strict.search(ada, "beverage"), strict.search(ada, "journey"), generous.search(ada, "journey")];
  return (await Promise.all(found)).map((memories) => memories.map(({ text }) => text));
}

/** The train is half about work: 0.7. */
const byMeaning = [["Ada likes tea"], [], ["a train to the sea"]];

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  describeContract("PostgresMemory", memoryContract, {
    create: async () => new PostgresMemory({ database: await databases.open() }),
    peer: async () => new PostgresMemory({ database: await databases.openPeer() }),
  });

  describeContract("PostgresMemory with an embedder", memoryContract, {
    create: async () => new PostgresMemory({ database: await databases.open(), embed: bagOfWords }),
    peer: async () => new PostgresMemory({ database: await databases.openPeer(), embed: bagOfWords }),
  });

  it("finds by meaning what shares no word with the query, and nothing that is not near", async () => {
    expect(await foundByMeaning(await databases.open())).toEqual(byMeaning);
  });

  it("ranks what matches by word and by meaning before what matches by one of them", async () => {
    await using memory = new PostgresMemory({ database: await databases.open(), embed: meaning });
    await memory.add(ada, texts("tea at home", "coffee at noon", "home at last"));
    const found = await memory.search(ada, "home tea");
    expect(found[0]?.text).toBe("tea at home");
    expect(found.map(({ text }) => text).toSorted()).toEqual(["coffee at noon", "home at last", "tea at home"]);
  });

  it("passes over what was embedded otherwise, and what was not embedded at all", async () => {
    const database = await databases.open();
    await using before = new PostgresMemory({ database });
    await using other = new PostgresMemory({ database, embed: async (all) => all.map(() => [1]) });
    await using memory = new PostgresMemory({ database, embed: meaning });
    await before.add(ada, texts("a cup of tea, unembedded"));
    await other.add(ada, texts("a cup of tea, otherwise"));
    await memory.add(ada, texts("a cup of tea", "nothing"));
    expect((await memory.search(ada, "beverage")).map(({ text }) => text)).toEqual(["a cup of tea"]);
    expect(await memory.search(ada, "cup")).toHaveLength(3);
  });

  it("finds words of any length", async () => {
    await using memory = new PostgresMemory({ database: await databases.open() });
    const long = "x".repeat(100_000);
    await memory.add(ada, texts(long, `${long}y`));
    expect((await memory.search(ada, `${long}y`)).map(({ text }) => text === `${long}y`)).toEqual([true]);
  });

  it("finds every word of a text that has more of them than one tsvector takes", async () => {
    await using memory = new PostgresMemory({ database: await databases.open() });
    const text = Array.from({ length: 150_000 }, (_, index) => `word${index}`).join(" "); // 1.6 MB
    await memory.add(ada, texts(text, "word149999 alone"));
    const found = await memory.search(ada, "word149999");
    expect(found.map(({ text: one }) => one.length)).toEqual(["word149999 alone".length, text.length]);
    expect(await memory.search(ada, "word0 word75000")).toHaveLength(1);
  });

  it("takes texts and ids with characters that Postgres cannot hold", async () => {
    await using memory = new PostgresMemory({ database: await databases.open() });
    const [added] = await memory.add({ userId: "nul \0", sessionId: "half \ud83d" }, texts("tea \0 \u001d end"));
    expect((await memory.list({ userId: "nul \0" })).items).toEqual([added]);
    expect((await memory.search({ userId: "nul \0" }, "tea \0"))[0]?.text).toBe("tea \0 \u001d end");
  });

  it("removes what has expired, with its words", async () => {
    const database = await databases.open();
    await using memory = new PostgresMemory({ database });
    await memory.add(ada, [{ text: "tea that goes", ttlMs: 1 }]);
    await eventually(async () => (await memory.list(ada)).items.length === 0);
    // Another instance looks at once for what it may remove.
    await using other = new PostgresMemory({ database });
    await other.add(ada, texts("coffee"));
    const left = `select words::text from ${database.quotedSchema}.memory_words`;
    await eventually(async () => (await database.run(left)).length === 1);
    expect(await database.run(left)).toEqual([{ words: "'coffee':1" }]);
  });
});

it("compares vectors by pgvector where the database has it", async () => {
  const client = await PGlite.create({ extensions: { vector } });
  await client.exec('create schema "Extensions here"; create extension vector schema "Extensions here"');
  const asked: string[] = [];
  const watched = {
    query: (text: string, values?: unknown[]) => {
      asked.push(text);
      return client.query(text, values);
    },
    exec: (text: string) => client.exec(text),
    listen: (channel: string, onMessage: (payload: string) => void) => client.listen(channel, onMessage),
    close: () => client.close(),
  };
  await using database = await openPGlite({ client: watched, schema: freshName() });
  expect(await foundByMeaning(database)).toEqual(byMeaning);
  expect(asked.filter((text) => text.includes("<#>")).length).toBeGreaterThan(0);
  await database[Symbol.asyncDispose]();
  await client.close();
}, 60_000);
