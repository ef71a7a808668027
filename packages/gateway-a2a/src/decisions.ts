import type { MessageInput } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { a2aError } from "./a2a-error.ts";
import type { MessageRequest, PartRequest } from "./request-schemas.ts";
import type { Question } from "./to-task.ts";

const decisionSchema = z.object({ id: z.string().optional(), approve: z.boolean(), reason: z.string().optional() });
const decisionsSchema = z.union([
  z.object({ approvals: z.array(decisionSchema.extend({ id: z.string() })).min(1) }),
  decisionSchema,
]);

type Decision = z.output<typeof decisionSchema>;

/** What a message says about the questions of the run before it. */
export interface Answer {
  readonly decisions: readonly MessageInput[];
  /** What else it says. */
  readonly parts: readonly PartRequest[];
}

/**
 * The answers in a message: data, `{ approve, reason }` for all questions or `{ approvals: [{ id, approve, reason }] }`, or
 * the bare word "approve" or "reject". Nothing of the kind is no answer: the agent reads the message. Throws INVALID_PARAMS
 * when one of the questions is left without an answer.
 */
export function answerIn({ parts }: MessageRequest, questions: readonly Question[]): Answer {
  const decisions = new Map<string, Decision>();
  const rest: PartRequest[] = [];
  for (const part of parts) {
    const found = questions.length === 0 ? [] : decisionsIn(part);
    if (found.length === 0) rest.push(part);
    for (const decision of found) {
      const about = decision.id === undefined ? questions : questions.filter(({ id }) => id === decision.id);
      for (const { id } of about) decisions.set(id, decision);
    }
  }
  const missing = questions.filter(({ id }) => !decisions.has(id)).map(({ id }) => id);
  if (decisions.size === 0) return { decisions: [], parts: rest };
  if (missing.length > 0) throw a2aError("INVALID_PARAMS", `Answer every question of the task: ${missing.join(", ")}.`);
  return { decisions: [...decisions].map(([id, decision]) => toMessage(id, decision)), parts: rest };
}

function decisionsIn(part: PartRequest): readonly Decision[] {
  if (typeof part.text === "string") {
    const word = part.text.trim().toLowerCase();
    return word === "approve" || word === "reject" ? [{ approve: word === "approve" }] : [];
  }
  const decided = decisionsSchema.safeParse(part.data);
  if (!decided.success) return [];
  return "approvals" in decided.data ? decided.data.approvals : [decided.data];
}

function toMessage(id: string, { approve, reason }: Decision): MessageInput {
  const data = { approval_request_id: id, approve, reason: reason ?? null };
  return { type: "mcp_approval_response", role: "user", content: [{ type: "data", data }] };
}
