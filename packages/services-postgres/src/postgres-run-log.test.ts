import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { describeContract, runLogContract } from "@agentscope-runtime/services/testing";
import { openPGlite, openPostgres, PostgresRunLog } from "./index.ts";

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  describeContract("PostgresRunLog", runLogContract, {
    create: async () => new PostgresRunLog({ database: await databases.open() }),
    peer: async () => new PostgresRunLog({ database: await databases.openPeer() }),
  });
});
