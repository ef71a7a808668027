import type { Contract } from "@agentscope-runtime/services/testing";
import type { Sandbox } from "../sandbox.ts";
import { cellPromises } from "./cell-promises.ts";
import { commandPromises } from "./command-promises.ts";
import { filePromises } from "./file-promises.ts";
import { historyPromises } from "./history-promises.ts";
import { portPromises } from "./port-promises.ts";
import { toolPromises } from "./tool-promises.ts";

export type SandboxContract = Contract<Sandbox>;

/** What it means to be a {@link Sandbox}. It is fresh, its workspace is empty, it has a shell and Python. */
export const sandboxContract: SandboxContract = {
  ...commandPromises,
  ...cellPromises,
  ...filePromises,
  ...toolPromises,
  ...historyPromises,
  ...portPromises,
};
