import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithBubblewrap } from "@agentscope-runtime-tooling/testing";
import { baseSandboxType } from "@agentscope-runtime/sandbox";
import { attackContract } from "@agentscope-runtime/sandbox/testing";
import type { AttackSubject } from "@agentscope-runtime/sandbox/testing";
import { describeContract } from "@agentscope-runtime/services/testing";
import { openBubblewrapBackend } from "../index.ts";

const mib = 1024 * 1024;
const limits = { memoryBytes: 384 * mib, diskBytes: 128 * mib, processes: 128, cpus: 1 };

describeWithBubblewrap("Attacks on bubblewrap", () => {
  const directory = mkdtempSync(join(tmpdir(), "bubblewrap-attacks-"));
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  describeContract("A sandbox of bubblewrap", attackContract, {
    create: async (): Promise<AttackSubject & AsyncDisposable> => {
      const backend = await openBubblewrapBackend({ directory: join(directory, "shelf"), spare: false });
      const spec = { type: { ...baseSandboxType, limits } };
      return {
        backend,
        spec,
        neighbour: await backend.create(spec),
        folders: ["/workspace", "/tmp", "/dev/shm", "/history", "/run/box"],
        uid: 1000,
        [Symbol.asyncDispose]: async () => backend[Symbol.asyncDispose](),
      };
    },
  });
});
