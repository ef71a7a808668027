import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { describeContract, stateContract } from "@agentscope-runtime/services/testing";
import { openPGlite, openPostgres, PostgresState } from "./index.ts";

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  describeContract("PostgresState", stateContract, {
    create: async () => new PostgresState({ database: await databases.open() }),
    peer: async () => new PostgresState({ database: await databases.openPeer() }),
  });
});
