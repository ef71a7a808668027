import { lastEntry } from "@agentscope-runtime/core";
import type { RunDoor } from "@agentscope-runtime/core";
import type { RunKey } from "@agentscope-runtime/services";

/** What forgets a run once it has ended, and its session where that was only its own. A second call changes nothing. */
export function forgetterOf(
  runs: RunDoor,
  key: RunKey,
  { keepsSession }: { readonly keepsSession: boolean },
): () => void {
  let begun = false;
  const forget = async (): Promise<void> => {
    await lastEntry(runs.read(key, { follow: true }));
    const { userId, sessionId } = await runs.get(key);
    if (!keepsSession) await runs.sessions?.delete({ userId, sessionId });
    await runs.delete(key);
  };
  return () => {
    if (begun) return;
    begun = true;
    // When the app closes first there is nothing left to do it with.
    forget().catch(() => undefined);
  };
}
