import type { SandboxEnd } from "@agentscope-runtime/sandbox";

export interface Death {
  /** What the engine said of the container before. */
  readonly mark: string | undefined;
  readonly exitCode: string;
}

/** Why a container that nobody of ours ended has ended. */
export function endOf({ mark, exitCode }: Death): SandboxEnd {
  if (mark === "oom" && exitCode === "137") {
    return {
      reason: "out_of_memory",
      message: "it used more memory than it may. Give it more, or let it do less at once.",
    };
  }
  if (mark === "kill") {
    return { reason: "killed", message: `somebody outside killed its container (exit code ${exitCode}).` };
  }
  return { reason: "exited", message: `its main process ended with exit code ${exitCode}.` };
}
