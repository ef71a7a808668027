import { RuntimeError } from "@agentscope-runtime/protocol";
import type { BoxStart } from "@agentscope-runtime/sandbox/box";
import { openLocalSandbox } from "@agentscope-runtime/sandbox/local";
import type { LocalSandbox } from "@agentscope-runtime/sandbox/local";

/**
 * The sandbox of a box, with all that its image has. Resolves when it is ready for the first call, and rejects with the reason why
 * it never will be.
 */
export async function openBoxSandbox({ settings, environment: given }: BoxStart): Promise<LocalSandbox> {
  const { id, type, workspace, history, python, mcpServers, features } = settings;
  const hasScreen = features.some((feature) => feature !== "filesystem");
  const environment = hasScreen ? { ...given, DISPLAY: ":1" } : given;
  // Most boxes have neither, and need not load them.
  const screen = hasScreen ? await (await import("./open-screen.ts")).openScreen(settings, environment) : undefined;
  const files = features.includes("filesystem") ? await import("./filesystem-tools.ts") : undefined;
  const sandbox = await openLocalSandbox({
    id,
    type,
    root: workspace,
    historyPath: history,
    python,
    environment,
    tools: (own) => [...(files?.filesystemTools(own, workspace) ?? []), ...(screen?.tools ?? [])],
    resources: screen === undefined ? [] : [screen],
    ...(screen && { dialect: screen.dialect }),
  });
  try {
    await Promise.all([screen?.ready(), sandbox.addMcpServers({ ...screen?.servers, ...mcpServers })]);
    return sandbox;
  } catch (thrown) {
    const error = RuntimeError.is(thrown)
      ? thrown
      : new RuntimeError("unavailable", thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
    await sandbox.end({ reason: "exited", message: error.message });
    throw error;
  }
}
