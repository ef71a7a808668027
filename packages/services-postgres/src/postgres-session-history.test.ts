import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { describeContract, sessionHistoryContract } from "@agentscope-runtime/services/testing";
import { openPGlite, openPostgres, PostgresSessionHistory } from "./index.ts";

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  describeContract("PostgresSessionHistory", sessionHistoryContract, {
    create: async () => new PostgresSessionHistory({ database: await databases.open() }),
    peer: async () => new PostgresSessionHistory({ database: await databases.openPeer() }),
  });
});
