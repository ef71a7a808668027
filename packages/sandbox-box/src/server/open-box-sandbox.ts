import { spawn } from "node:child_process";
import { openLocalSandbox } from "@agentscope-runtime/sandbox/local";
import type { LocalSandbox } from "@agentscope-runtime/sandbox/local";
import type { BoxStart } from "@agentscope-runtime/sandbox/box";

/** The sandbox of a box, with all that its image has. Resolves when it is ready for the first call. */
export async function openBoxSandbox({ settings, environment }: BoxStart): Promise<LocalSandbox> {
  const { id, type, workspace, history, python, mcpServers } = settings;
  const sandbox = await openLocalSandbox({
    id,
    type,
    root: workspace,
    historyPath: history,
    python,
    spawn,
    environment,
  });
  await sandbox.addMcpServers(mcpServers);
  return sandbox;
}
