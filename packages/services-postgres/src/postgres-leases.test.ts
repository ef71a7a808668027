import { describeDatabases } from "@agentscope-runtime-tooling/services/databases";
import { describeContract, leasesContract } from "@agentscope-runtime/services/testing";
import { openPGlite, openPostgres, PostgresLeases } from "./index.ts";

describeDatabases({ openPostgres, openPGlite }, (databases) => {
  describeContract("PostgresLeases", leasesContract, {
    create: async () => new PostgresLeases({ database: await databases.open() }),
    peer: async () => new PostgresLeases({ database: await databases.openPeer() }),
  });
});
