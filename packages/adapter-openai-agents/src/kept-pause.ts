import { RuntimeError } from "@agentscope-runtime/protocol";
import type { RunContext } from "@agentscope-runtime/core";
import { z } from "zod";

const keptSchema = z.object({ openai_agents: z.object({ run_state: z.string().nullable() }) });

/** A run that waits for people. */
export interface KeptPause {
  /** The SDK's state, as text. */
  readonly state: string;
  /** Of the state service. */
  readonly version: number;
}

/** Keeps the SDK's state of a run that waits for people, in the state of the agent. An app without a state service has none. */
export async function loadPause({ state, signal }: RunContext): Promise<KeptPause | undefined> {
  const saved = await unlessUnimplemented(state.load({ signal }));
  const kept = keptSchema.safeParse(saved?.state).data?.openai_agents.run_state ?? undefined;
  return saved === undefined || kept === undefined ? undefined : { state: kept, version: saved.version };
}

export async function keepPause({ state }: RunContext, text: string): Promise<void> {
  try {
    await state.save({ openai_agents: { run_state: text } });
  } catch (thrown) {
    if (!isUnimplemented(thrown)) throw thrown;
    const message =
      "The agent waits for an approval, and the app has no state service to keep it in: give `services.state`.";
    throw new RuntimeError("unimplemented", message, { cause: thrown });
  }
}

/** Whoever takes a pause goes on with it, and nobody else does: false when somebody has taken it before. */
export async function takePause({ state }: RunContext, { version }: KeptPause): Promise<boolean> {
  try {
    await state.save({ openai_agents: { run_state: null } }, { expectedVersion: version });
    return true;
  } catch (thrown) {
    if (RuntimeError.is(thrown) && thrown.code === "conflict") return false;
    throw thrown;
  }
}

async function unlessUnimplemented<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (thrown) {
    if (isUnimplemented(thrown)) return undefined;
    throw thrown;
  }
}

function isUnimplemented(thrown: unknown): boolean {
  return RuntimeError.is(thrown) && thrown.code === "unimplemented";
}
