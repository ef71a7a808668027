import { foldEvents, isTerminalStatus, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentEvent, AgentResponse, Message } from "@agentscope-runtime/protocol";
import { eachEntry } from "@agentscope-runtime/services";
import type { RunLog, RunRecord } from "@agentscope-runtime/services";
import { Narrator } from "./narrator.ts";

export interface Burial {
  /** What the run said, as far as it came. */
  readonly output: readonly Message[];
  /** What its log still lacks, with the one terminal event as the last. */
  readonly events: readonly AgentEvent[];
}

/** How the story of a run ends whose replica died in the middle of it: `failed`, and safe to send again. */
export async function buryRun(log: RunLog, run: RunRecord): Promise<Burial> {
  const error = new RuntimeError("unavailable", "The replica that ran this is gone: send the request again.").toJSON();
  if (run.eventCount === 0) {
    const narrator = new Narrator({ runId: run.runId, sessionId: run.sessionId });
    return { output: [], events: [...narrator.begin(), narrator.end({ status: "failed", error })] };
  }
  const told: AgentEvent[] = [];
  // The log holds what a narrator wrote.
  for await (const { data } of eachEntry(log.read(run))) told.push(JSON.parse(data) as AgentEvent);
  const response = foldEvents(told);
  if (response === undefined) throw new RuntimeError("internal", "The run's log has no events.");
  let sequence = run.eventCount;
  const output = (response.output ?? []).map(closed);
  const cut = output.filter((_, index) => !isTerminalStatus(response.output?.[index]?.status ?? null));
  const events: AgentEvent[] = cut.map((message) => ({ ...message, sequence_number: sequence++ }));
  const last: AgentResponse = {
    ...response,
    sequence_number: sequence,
    status: "failed",
    error,
    completed_at: Math.floor(Date.now() / 1000),
    output,
  };
  return { output, events: [...events, last] };
}

/** A message that was cut off, with its parts. */
function closed(message: Message): Message {
  if (isTerminalStatus(message.status)) return message;
  const content = message.content?.map((part) =>
    isTerminalStatus(part.status) ? part : { ...part, status: "incomplete" as const, delta: false },
  );
  return { ...message, status: "incomplete", content: content ?? null };
}
