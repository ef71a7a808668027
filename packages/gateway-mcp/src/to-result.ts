import { functionCallOutputSchema, functionCallSchema, mcpApprovalRequestSchema } from "@agentscope-runtime/protocol";
import type { AgentResponse, ErrorInfo, McpApprovalRequest, Message } from "@agentscope-runtime/protocol";
import type { McpContent, McpResult } from "@agentscope-runtime/tools";
import { dataOf } from "./data-of.ts";
import { messageKind } from "./message-kind.ts";
import { toContent } from "./to-content.ts";

/** The result of a call, with what a program may want to know of the run. */
export type RunResult = McpResult & { _meta: Record<string, unknown> };

/**
 * What a run has said as the result of a call. Text, images and files are the content; that a run has not completed is an error,
 * told to the model in words and to programs as structured content.
 */
export function toResult(response: AgentResponse): RunResult {
  const { id, session_id, status, usage, output, error, incomplete_details: incomplete } = response;
  const messages = output ?? [];
  const content = [...messages.flatMap(toContents), ...messages.flatMap((message) => unanswered(message, messages))];
  const meta = { agentscope: { run_id: id, session_id, status, ...(usage === null ? {} : { usage }) } };
  if (status === "completed") {
    const data = messages.flatMap(dataIn);
    return { content, _meta: meta, ...(data.length === 1 ? { structuredContent: data[0] } : {}) };
  }
  if (status === "incomplete") {
    const reason = incomplete?.reason ?? "unknown";
    const message = `The agent stopped early: ${reason}.`;
    return failure(content, { code: "incomplete", message, details: { reason } }, meta);
  }
  if (status === "canceled") return failure(content, { code: "canceled", message: "The run was canceled." }, meta);
  return failure(content, error ?? { code: "internal", message: "Internal error." }, meta);
}

/** What a run has asked people. */
export function questionsIn({ status, output }: AgentResponse): readonly McpApprovalRequest[] {
  if (status !== "completed") return [];
  const asked = (output ?? []).filter(({ type }) => type === "mcp_approval_request");
  return asked.flatMap(({ content }) => dataOf(content ?? [], mcpApprovalRequestSchema) ?? []);
}

/** For a client that cannot ask its user: what a person has to decide, and where. */
export function approvalRequired(
  { content, _meta: meta }: RunResult,
  runId: string,
  questions: readonly McpApprovalRequest[],
): RunResult {
  const asked = questions.map(({ name, arguments: given, id }) => `${name}(${given}), approval ${id}`).join("; ");
  const message = `The agent waits for a person's approval and has not done: ${asked} of run ${runId}. It goes on when a person answers with POST /runs/${runId}/approvals/{id}.`;
  const approvals = questions.map(({ id, name, arguments: given }) => ({ id, name, arguments: given }));
  const error = { code: "approval_required", message, details: { run_id: runId, approvals } };
  return failure(content, error, meta);
}

function failure(content: readonly McpContent[], error: ErrorInfo, meta: RunResult["_meta"]): RunResult {
  const told: McpContent = { type: "text", text: error.message };
  return { content: [...content, told], structuredContent: { error }, isError: true, _meta: meta };
}

function toContents(message: Message): readonly McpContent[] {
  const kind = messageKind(message.type);
  if (kind !== "text" && kind !== "other") return [];
  return (message.content ?? []).filter((part) => part.type !== "text" || part.text !== "").map(toContent);
}

function dataIn({ type, content }: Message): readonly unknown[] {
  if (messageKind(type) !== "text") return [];
  return (content ?? []).flatMap((part) => (part.type === "data" && part.data !== null ? [part.data] : []));
}

/** A tool that the client is to run: MCP's clients have none, so a person or a model is told. */
function unanswered(message: Message, messages: readonly Message[]): readonly McpContent[] {
  if (message.type !== "function_call") return [];
  const call = dataOf(message.content ?? [], functionCallSchema);
  if (call === undefined) return [];
  const isAnswered = messages.some(
    ({ type, content }) =>
      type === "function_call_output" && dataOf(content ?? [], functionCallOutputSchema)?.call_id === call.call_id,
  );
  const text = `The agent asks its client to run ${call.name ?? "a tool"}(${call.arguments ?? ""}), which MCP cannot.`;
  return isAnswered ? [] : [{ type: "text", text }];
}
