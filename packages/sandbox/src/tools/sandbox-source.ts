import type { Sandbox } from "../sandbox.ts";

/** A sandbox, or what opens one when it is first needed; it is called each time, and remembers by itself. */
export type SandboxSource = Sandbox | (() => Promise<Sandbox>);

export async function sandboxOf(source: SandboxSource): Promise<Sandbox> {
  return typeof source === "function" ? source() : source;
}
