import { agentRequestSchema, mcpApprovalResponseSchema, parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest, Message } from "@agentscope-runtime/protocol";
import { sha256 } from "@agentscope-runtime/services";
import type { RunRecord } from "@agentscope-runtime/services";
import type { Decision, GrantedApproval } from "./approvals.ts";

/** A person's answers among the messages. `invalid_argument` when one cannot be read. */
export function decisionsIn(input: readonly Message[]): readonly (Decision & { readonly id: string })[] {
  return input.flatMap(({ type, content }, index) => {
    if (type !== "mcp_approval_response") return [];
    const [part] = content ?? [];
    if (part?.type !== "data") {
      throw new RuntimeError("invalid_argument", `Invalid request: input.${index}.content: give one data part.`, {
        details: { field: `input.${index}.content` },
      });
    }
    const data = parse(mcpApprovalResponseSchema, part.data, `input.${index}.content.0.data`);
    return [{ id: data.approval_request_id, approve: data.approve, reason: data.reason ?? undefined }];
  });
}

/** The id of the run that goes on where this one has parked: always the same, so that it goes on once. */
export function resumedIdOf(runId: string): string {
  return `response_${sha256(`resume ${runId}`, "hex").slice(0, 32)}`;
}

/** The request that tells the agent what people have decided about a run's questions. */
export function resumingRequest(
  { runId, sessionId, userId }: RunRecord,
  decided: readonly GrantedApproval[],
): AgentRequest {
  const input = decided.map(({ id, approve, reason }) => ({
    type: "mcp_approval_response",
    role: "user",
    content: [{ type: "data", data: { approval_request_id: id, approve, reason } }],
  }));
  return agentRequestSchema.parse({ id: resumedIdOf(runId), session_id: sessionId, user_id: userId, input });
}
