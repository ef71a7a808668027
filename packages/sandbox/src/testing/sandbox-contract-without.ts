import { historyPromises } from "./history-promises.ts";
import { portPromises } from "./port-promises.ts";
import { sandboxContract } from "./sandbox-contract.ts";
import type { SandboxContract } from "./sandbox-contract.ts";

/** Which promises need an ability that a backend may name among its `missing`. */
const promisesOf: Readonly<Record<string, readonly string[]>> = {
  "exec.streaming": [
    "tells output as it comes, not at the end",
    "kills a command and its children at the timeout",
    "kills a command and its children when the signal aborts, and rejects with its reason",
    "kills a command and its children when its loop is left",
    "kills a command that prints more than it may",
    "makes a command wait for a slow reader",
  ],
  "exec.bytes": ["reads characters that were cut in the middle as whole ones"],
  "exec.signals": ["says 128 and the signal's number when a signal ended the command"],
  "exec.background": ["does not wait for what a command left in the background"],
  "exec.limits": ["holds a command to the limits of its own"],
  addMcpServers: ["takes on an MCP server, and calls its tools", "names the MCP server that does not start"],
  history: Object.keys(historyPromises),
  connect: Object.keys(portPromises),
};

/** What is asked of those that do not have it. */
const refusals: SandboxContract = {
  "exec.limits": async (sandbox) => {
    const call = sandbox.runShellCommand("true", { limits: { cpuSeconds: 1 } });
    await expect(call).rejects.toMatchObject(unimplemented("exec.limits"));
  },
  addMcpServers: async (sandbox) => {
    const call = sandbox.addMcpServers({ tiny: { command: "true" } });
    await expect(call).rejects.toMatchObject(unimplemented("addMcpServers"));
  },
  history: async ({ history }) => {
    for (const call of [() => history.commit("x"), () => history.diff(), () => history.log()]) {
      await expect(call()).rejects.toMatchObject(unimplemented("history"));
    }
  },
  connect: async (sandbox) => {
    await expect(sandbox.connect(8124)).rejects.toMatchObject(unimplemented("connect"));
  },
};

/**
 * `sandboxContract` for a backend that names these abilities as missing: the promises that need none of them, and that what can be
 * refused is refused by its name.
 */
export function sandboxContractWithout(missing: readonly string[]): SandboxContract {
  const unasked = new Set(missing.flatMap((ability) => promisesOf[ability] ?? []));
  for (const promise of unasked) {
    if (!Object.hasOwn(sandboxContract, promise)) throw new Error(`There is no such promise: ${promise}`);
  }
  const kept = Object.entries(sandboxContract).filter(([promise]) => !unasked.has(promise));
  const refused = Object.entries(refusals)
    .filter(([ability]) => missing.includes(ability))
    .map(([ability, check]) => [`says by name that it has no ${ability}`, check]);
  return Object.fromEntries([...kept, ...refused]) as SandboxContract; // Made of two.
}

function unimplemented(name: string): object {
  return { code: "unimplemented", message: expect.stringContaining(name) as string };
}
