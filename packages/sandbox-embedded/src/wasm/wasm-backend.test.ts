import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithBubblewrap } from "@agentscope-runtime-tooling/testing";
import { baseSandboxType } from "@agentscope-runtime/sandbox";
import type { SandboxBackend } from "@agentscope-runtime/sandbox";
import { sandboxBackendContract, sandboxContractWithout } from "@agentscope-runtime/sandbox/testing";
import { describeContract } from "@agentscope-runtime/services/testing";
import { openWasmBackend } from "../index.ts";

const directory = mkdtempSync(join(tmpdir(), "wasm-test-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

/** What no wasm sandbox can do. */
const missing = [
  "addMcpServers",
  "attach",
  "connect",
  "egress",
  "exec.background",
  "exec.bytes",
  "exec.limits",
  "exec.signals",
  "exec.streaming",
  "history",
  "snapshot",
];

function promises(name: string, open: () => Promise<SandboxBackend>): void {
  describe(`the boxes of ${name}`, () => {
    let backend: SandboxBackend;
    beforeAll(async () => {
      backend = await open();
    });
    afterAll(() => backend[Symbol.asyncDispose]());
    describeContract("A sandbox", sandboxContractWithout(missing), {
      create: () => backend.create({ type: baseSandboxType }),
    });
  });

  describeContract(name, sandboxBackendContract, {
    create: async () => {
      const backend = await open();
      return {
        backend,
        spec: { type: baseSandboxType },
        [Symbol.asyncDispose]: async () => backend[Symbol.asyncDispose](),
      };
    },
  });
}

promises("wasm without walls", async () => openWasmBackend({ directory: join(directory, "bare"), bwrap: false }));

describeWithBubblewrap("With bubblewrap", () => {
  promises("wasm behind walls", async () => openWasmBackend({ directory: join(directory, "walled") }));
});
