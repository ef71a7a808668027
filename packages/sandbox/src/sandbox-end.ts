/**
 * Why a sandbox has ended: its owner disposed it, its time was over (`expired`), nobody used it (`idle`), it used up its memory, its
 * main process exited or was killed from outside, or the engine under it went away.
 */
export type SandboxEndReason = "disposed" | "expired" | "idle" | "out_of_memory" | "exited" | "killed" | "engine_lost";

export interface SandboxEnd {
  readonly reason: SandboxEndReason;
  /** For people: what is known beyond the reason, such as an exit code. */
  readonly message: string;
}
