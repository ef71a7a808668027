import type { Interrupt } from "@ag-ui/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { McpApprovalRequest } from "@agentscope-runtime/protocol";
import { isObject } from "./is-object.ts";
import type { RunInput } from "./run-input.ts";

/** A person's answer to an approval of a run. */
export interface Answer {
  readonly runId: string;
  /** Of the approval. */
  readonly id: string;
  readonly approve: boolean;
  readonly reason: string | undefined;
  /** Nobody has decided: the client has given the question up. */
  readonly abandoned: boolean;
}

const responseSchema = {
  type: "object",
  properties: { approved: { type: "boolean" }, reason: { type: "string" } },
  required: ["approved"],
};

/** An approval that a run has asked for. Its id names the run too: no id of a run has a slash. */
export function toInterrupt(runId: string, asked: McpApprovalRequest, toolCallId: string | undefined): Interrupt {
  const { id, name, arguments: toolArguments, server_label: serverLabel } = asked;
  return {
    id: `${runId}/${id}`,
    ...(toolCallId === undefined ? { reason: "confirmation" } : { reason: "tool_call", toolCallId }),
    message: `Allow ${name}?`,
    responseSchema,
    metadata: { agentscope: { name, arguments: toolArguments, ...(serverLabel === "" ? {} : { serverLabel }) } },
  };
}

/** What a client answers. An entry that names no approval is left out: nobody asked for it. */
export function answersIn(resume: RunInput["resume"]): readonly Answer[] {
  return (resume ?? []).flatMap(({ interruptId, status, payload }, index): Answer[] => {
    const slash = interruptId.indexOf("/");
    if (slash < 1) return [];
    const asked = { runId: interruptId.slice(0, slash), id: interruptId.slice(slash + 1) };
    if (status === "cancelled") return [{ ...asked, approve: false, reason: undefined, abandoned: true }];
    return [{ ...asked, ...decisionIn(payload, index), abandoned: false }];
  });
}

function decisionIn(payload: unknown, index: number): Pick<Answer, "approve" | "reason"> {
  if (typeof payload === "boolean") return { approve: payload, reason: undefined };
  if (isObject(payload)) {
    const { approved = payload["approve"], reason } = payload;
    if (typeof approved === "boolean")
      return { approve: approved, reason: typeof reason === "string" ? reason : undefined };
  }
  const field = `resume.${index}.payload`;
  throw new RuntimeError("invalid_argument", `Invalid request: ${field}: say { "approved": true } or false.`, {
    details: { field },
  });
}
