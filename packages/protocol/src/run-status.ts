import { z } from "zod";

/** How far a run, a message or a part of one has come. */
export const runStatusSchema = z.enum([
  "created",
  "queued",
  "in_progress",
  "completed",
  "failed",
  "canceled",
  "incomplete",
  "rejected",
  "unknown",
]);

export type RunStatus = z.infer<typeof runStatusSchema>;

/** The states that a run ends in. Each is written once and never changes. */
export const terminalStatusSchema = runStatusSchema.extract([
  "completed",
  "failed",
  "canceled",
  "incomplete",
  "rejected",
]);

export type TerminalStatus = z.infer<typeof terminalStatusSchema>;

const terminal: ReadonlySet<RunStatus | null> = new Set(terminalStatusSchema.options);

export function isTerminalStatus(status: RunStatus | null): status is TerminalStatus {
  return terminal.has(status);
}
