import { newResponseId, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequestInput, MessageInput, OnDisconnect } from "@agentscope-runtime/protocol";

type Rest = {
  [Field in keyof AgentRequestInput as Field extends "input" | "stream" ? never : Field]: AgentRequestInput[Field];
};

/**
 * What the agent is asked. Only `input` is needed; the method that sends it sets `stream`.
 *
 * Without `on_disconnect` the run is given ten seconds of grace, so that a connection that broke can be taken up again;
 * with null, the server's default holds.
 */
export type RunRequest = Rest & {
  /** The conversation's new messages, oldest first; a string is one text of the user's. */
  readonly input: string | readonly MessageInput[];
};

/** A request as it is sent, and sent again: the run's id is in it, so that the server knows it again. */
export interface PreparedRun {
  readonly runId: string;
  /** JSON text. */
  readonly body: string;
  readonly onDisconnect: OnDisconnect | null;
}

const defaultOnDisconnect: OnDisconnect = { grace: 10_000 };

export function prepareRun(request: RunRequest, stream: boolean): PreparedRun {
  const runId = request.id ?? newResponseId();
  const onDisconnect = request.on_disconnect === undefined ? defaultOnDisconnect : request.on_disconnect;
  const { input } = request;
  const messages = typeof input === "string" ? [{ role: "user", content: [{ type: "text", text: input }] }] : input;
  const body = jsonOf({ ...request, input: messages, stream, id: runId, on_disconnect: onDisconnect });
  return { runId, body, onDisconnect };
}

function jsonOf(request: object): string {
  try {
    return JSON.stringify(request);
  } catch (cause) {
    throw new RuntimeError("invalid_argument", "Invalid request: it cannot be written as JSON.", { cause });
  }
}
