import { RuntimeError } from "@agentscope-runtime/protocol";
import { sha256 } from "@agentscope-runtime/services";

/** Where an agent waits for a person. */
export interface WaitingCall {
  /** The run of Mastra's. */
  readonly runId: string;
  readonly toolCallId: string;
}

interface Owner {
  readonly id: string;
  readonly userId: string;
}

/** What an answer needs to find the call again, in whatever process it comes. */
export function toApprovalId({ runId, toolCallId }: WaitingCall): string {
  return `${encodeURIComponent(runId)}:${toolCallId}`;
}

/** Undefined for the ids of others. */
export function parseApprovalId(id: string): WaitingCall | undefined {
  const [, runId = "", toolCallId = ""] = /^([^:]+):(.+)$/s.exec(id) ?? [];
  return toolCallId === "" ? undefined : { runId: decodeURIComponent(runId), toolCallId };
}

/** A name for a run that tells whose it is, without telling who that is. */
export function newRunId(session: Owner): string {
  return `${ownerOf(session)}.${crypto.randomUUID()}`;
}

/** Mastra goes on with whatever run it is told to; this one has to be of the session that asks. */
export function assertOwn(session: Owner, { runId }: WaitingCall): void {
  if (runId.startsWith(`${ownerOf(session)}.`)) return;
  throw new RuntimeError("not_found", "No agent of this session waits for this approval.");
}

function ownerOf({ id, userId }: Owner): string {
  return sha256(JSON.stringify([userId, id]), "hex").slice(0, 32);
}
