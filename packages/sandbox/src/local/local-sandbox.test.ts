import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeContract } from "@agentscope-runtime/services/testing";
import { sandboxContract } from "../testing/index.ts";
import { openLocalSandbox } from "./index.ts";

describeContract("A sandbox on this machine", sandboxContract, {
  create: async () => {
    const directory = await mkdtemp(join(tmpdir(), "sandbox-"));
    const sandbox = await openLocalSandbox({
      id: "local",
      type: "base",
      root: join(directory, "workspace"),
      python: "/usr/bin/python3",
    });
    return Object.assign(sandbox, {
      [Symbol.asyncDispose]: async () => {
        await sandbox.end({ reason: "disposed", message: "The test is over." });
        await rm(directory, { recursive: true, force: true });
      },
    });
  },
});
