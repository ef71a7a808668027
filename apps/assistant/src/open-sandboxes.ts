import { RuntimeError } from "@agentscope-runtime/protocol";
import { SandboxManager, baseSandboxType, strongestBackend } from "@agentscope-runtime/sandbox";
import type { BackendOpener, SandboxService } from "@agentscope-runtime/sandbox";
import { openDockerBackend } from "@agentscope-runtime/sandbox-docker";
import { openBubblewrapBackend, openWasmBackend } from "@agentscope-runtime/sandbox-embedded";
import type { Logger } from "@agentscope-runtime/core";

export interface AssistantSandboxes {
  /** Undefined where there is no place to run code. */
  readonly sandboxes: SandboxService | undefined;
  /** To be closed, last first. */
  readonly resources: readonly AsyncDisposable[];
  /** For people: where code runs. */
  readonly isolation: string;
}

export type WantedSandbox = "auto" | "docker" | "bubblewrap" | "wasm" | "off";

/** Strongest first. */
function openers(logger: Logger): readonly BackendOpener[] {
  const images = [baseSandboxType.image];
  return [
    { name: "docker", open: async () => openDockerBackend({ owner: "assistant", images }) },
    { name: "bubblewrap", open: async () => openBubblewrapBackend() },
    { name: "wasm", open: async () => openWasmBackend({ logger }) }, // For one user only.
  ];
}

/** The sandboxes of the assistant's sessions: of the strongest backend there is, or of the named one. Where none can be had it says why, and the assistant goes on without. */
export async function openSandboxes(wanted: WantedSandbox, logger: Logger): Promise<AssistantSandboxes> {
  if (wanted === "off") return { sandboxes: undefined, resources: [], isolation: "nowhere" };
  try {
    const { backend } = await strongestBackend(
      openers(logger).filter(({ name }) => wanted === "auto" || name === wanted),
    );
    const sandboxes = await SandboxManager.open({ backend, types: [baseSandboxType], logger });
    return { sandboxes, resources: [backend, sandboxes], isolation: `in ${backend.name}` };
  } catch (thrown) {
    if (!RuntimeError.is(thrown) || thrown.code !== "unavailable") throw thrown;
    logger.warn({}, `The assistant runs no code: ${thrown.message}`);
    return { sandboxes: undefined, resources: [], isolation: "nowhere" };
  }
}
