import type { AppServices } from "@agentscope-runtime/core";
import { InProcessMemory, InProcessSessionHistory } from "@agentscope-runtime/services";

/** What the assistant needs, for the length of a test. */
export function servicesInProcess(): AppServices & AsyncDisposable {
  const sessions = new InProcessSessionHistory();
  const memory = new InProcessMemory();
  return {
    sessions,
    memory,
    async [Symbol.asyncDispose]() {
      await sessions[Symbol.asyncDispose]();
      await memory[Symbol.asyncDispose]();
    },
  };
}
