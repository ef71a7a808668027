import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { describeContract, topicContract } from "@agentscope-runtime/services/testing";
import { openPGlite, openPostgres, PostgresTopic } from "./index.ts";

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  describeContract("PostgresTopic", topicContract, {
    create: async () => new PostgresTopic({ database: await databases.open() }),
    peer: async () => new PostgresTopic({ database: await databases.openPeer() }),
  });
});
