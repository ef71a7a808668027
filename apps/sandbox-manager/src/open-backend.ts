import type { Logger } from "@agentscope-runtime/core";
import { baseSandboxType, strongestBackend } from "@agentscope-runtime/sandbox";
import type { BackendOpener, SandboxBackend } from "@agentscope-runtime/sandbox";
import { openDockerBackend } from "@agentscope-runtime/sandbox-docker";
import { openBubblewrapBackend, openWasmBackend } from "@agentscope-runtime/sandbox-embedded";

export type WantedBackend = "auto" | "docker" | "gvisor" | "bubblewrap" | "wasm";

/** The named backend, or the strongest that this machine has. What was not taken is logged, with the reason. */
export async function openBackend(wanted: WantedBackend, logger: Logger): Promise<SandboxBackend> {
  const images = [baseSandboxType.image];
  const owner = "sandbox-manager";
  const all: readonly BackendOpener[] = [
    // Slower, and so only for who asks for it.
    { name: "gvisor", open: async () => openDockerBackend({ owner, images, runtime: "runsc" }) },
    { name: "docker", open: async () => openDockerBackend({ owner, images }) },
    { name: "bubblewrap", open: async () => openBubblewrapBackend() },
    { name: "wasm", open: async () => openWasmBackend({ logger }) },
  ];
  const openers = all.filter(({ name }) => (wanted === "auto" ? name !== "gvisor" : name === wanted));
  const { backend, refused } = await strongestBackend(openers);
  for (const { name, reason } of refused) logger.info({ backend: name }, `Not ${name}: ${reason}`);
  return backend;
}
