import type { RunContext } from "@agentscope-runtime/core";
import { sandboxTools } from "@agentscope-runtime/sandbox";
import type { Sandbox, SandboxLease, SandboxService } from "@agentscope-runtime/sandbox";
import { createToolbox } from "@agentscope-runtime/tools";
import type { Toolbox } from "@agentscope-runtime/tools";
import { searchLibrary } from "./library.ts";

/** The tools of one run. Disposing gives the sandbox back, which stays for the session's next message. */
export type OpenResearchTools = (context: RunContext) => Promise<{ readonly tools: Toolbox } & AsyncDisposable>;

/** The library, and Python in the session's sandbox, which is made when it is first used. */
export function researchTools(sandboxes: SandboxService): OpenResearchTools {
  return async ({ session: { userId, id: sessionId } }) => {
    let lease: Promise<SandboxLease> | undefined;
    const open = async (): Promise<Sandbox> => (await (lease ??= sandboxes.connect({ userId, sessionId }))).sandbox;
    const code = await sandboxTools(open, { include: ["run_ipython_cell"] });
    return {
      tools: createToolbox(searchLibrary, code),
      [Symbol.asyncDispose]: async () => (await lease?.catch(() => undefined))?.[Symbol.asyncDispose](),
    };
  };
}
