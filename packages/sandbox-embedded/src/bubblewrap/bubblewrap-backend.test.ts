import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithBubblewrap } from "@agentscope-runtime-tooling/testing";
import { baseSandboxType } from "@agentscope-runtime/sandbox";
import { sandboxBackendContract, sandboxContract } from "@agentscope-runtime/sandbox/testing";
import { describeContract } from "@agentscope-runtime/services/testing";
import { openBubblewrapBackend } from "../index.ts";

const directory = mkdtempSync(join(tmpdir(), "bubblewrap-test-"));
const open = async () => openBubblewrapBackend({ directory: join(directory, "shelf"), python: "/usr/bin/python3" });
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describeWithBubblewrap("With bubblewrap", () => {
  describeContract("A sandbox of bubblewrap", sandboxContract, {
    create: async () => {
      const backend = await open();
      const sandbox = await backend.create({ type: baseSandboxType });
      void sandbox.ended.then(async () => backend[Symbol.asyncDispose]());
      return sandbox;
    },
  });

  describeContract("bubblewrap", sandboxBackendContract, {
    create: async () => {
      const backend = await open();
      return {
        backend,
        spec: { type: baseSandboxType },
        [Symbol.asyncDispose]: async () => backend[Symbol.asyncDispose](),
      };
    },
  });
});
