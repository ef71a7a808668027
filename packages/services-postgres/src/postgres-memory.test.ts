import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { words } from "@agentscope-runtime/services";
import type { Embed } from "@agentscope-runtime/services";
import { describeContract, memoryContract } from "@agentscope-runtime/services/testing";
import { openPGlite, openPostgres, PostgresMemory } from "./index.ts";

/** Texts are as near as the words that they share. */
const bagOfWords: Embed = async (texts) =>
  texts.map((text) => {
    const vector = Array.from({ length: 1024 }, () => 0);
    for (const word of words(text)) {
      const place = Buffer.from(word).reduce((sum, byte) => (sum * 31 + byte) % vector.length, 7);
      vector[place] = (vector[place] ?? 0) + 1;
    }
    return vector;
  });

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  describeContract("PostgresMemory", memoryContract, {
    create: async () => new PostgresMemory({ database: await databases.open() }),
    peer: async () => new PostgresMemory({ database: await databases.openPeer() }),
  });

  describeContract("PostgresMemory with an embedder", memoryContract, {
    create: async () => new PostgresMemory({ database: await databases.open(), embed: bagOfWords }),
    peer: async () => new PostgresMemory({ database: await databases.openPeer(), embed: bagOfWords }),
  });
});
