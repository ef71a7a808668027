import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { describeContract, topicContract } from "@agentscope-runtime/services/testing";
import { openPGlite, openPostgres, PostgresTopic } from "./index.ts";

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  describeContract("PostgresTopic", topicContract, {
    create: async () => new PostgresTopic({ database: await databases.open() }),
    peer: async () => new PostgresTopic({ database: await databases.openPeer() }),
  });

  it("keeps the order of messages that are told and those that must be fetched", async () => {
    await using topic = new PostgresTopic({ database: await databases.open() });
    await using subscription = await topic.subscribe("news");
    const messages = Array.from({ length: 40 }, (_, index) =>
      index % 3 === 0 ? `${index} ${"x".repeat(10_000)}` : String(index),
    );
    for (const message of messages) await topic.publish("news", message);
    const heard: string[] = [];
    for await (const message of subscription) {
      heard.push(message);
      if (heard.length === messages.length) break;
    }
    expect(heard.map((message) => message.split(" ")[0])).toEqual(messages.map((_, index) => String(index)));
  });

  it("carries names and messages with characters that Postgres cannot hold", async () => {
    await using topic = new PostgresTopic({ database: await databases.open() });
    await using subscription = await topic.subscribe("nul \0");
    const listener = subscription[Symbol.asyncIterator]();
    for (const message of ["\0", "half \ud83d", `\0${"x".repeat(10_000)}`]) {
      await topic.publish("nul \0", message);
      expect(await listener.next()).toEqual({ done: false, value: message });
    }
  });
});
