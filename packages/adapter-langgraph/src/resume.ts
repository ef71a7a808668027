import type { RunContext } from "@agentscope-runtime/core";
import { mcpApprovalResponseSchema, parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import { actionsOf, requestsOf } from "./interrupt.ts";
import type { AskedAction, GraphInterrupt } from "./interrupt.ts";

/** What a person has answered. */
export interface InterruptAnswer {
  readonly approve: boolean;
  readonly reason: string | undefined;
}

/** The values that pauses go on with, by their ids. */
export type Resume = Readonly<Record<string, unknown>>;

export interface ResumeOptions {
  /** Whether a person has allowed exactly this call. */
  readonly isApproved: RunContext["isApproved"];
  /** What a pause of the graph's own, one of `interrupt()`, goes on with. */
  readonly resume?: ((interrupt: GraphInterrupt, answer: InterruptAnswer) => unknown) | undefined;
}

/** A person's answers among the messages, by the id of what was asked. */
export function answersIn(messages: readonly Message[]): ReadonlyMap<string, InterruptAnswer> {
  const answers = messages.flatMap(({ type, content }, index) => {
    if (type !== "mcp_approval_response") return [];
    return (content ?? []).flatMap((part) => {
      if (part.type !== "data" || part.data === null) return [];
      const {
        approval_request_id: id,
        approve,
        reason,
      } = parse(mcpApprovalResponseSchema, part.data, `messages[${index}] (${type})`);
      return [[id, { approve, reason: reason ?? undefined }] as const];
    });
  });
  return new Map(answers);
}

/**
 * What pauses go on with, those that a person has answered. An answer counts for the call that was asked about and no other: a yes
 * that the runtime does not know of is `permission_denied`. Of several calls in one pause, what nobody answered is refused.
 */
export function resumeWith(
  interrupts: readonly GraphInterrupt[],
  answers: ReadonlyMap<string, InterruptAnswer>,
  options: ResumeOptions,
): Resume {
  const resumed = interrupts.flatMap((interrupt) => {
    const actions = actionsOf(interrupt);
    if (interrupt.id === undefined || !actions.some(({ id }) => answers.has(id))) return [];
    return [[interrupt.id, valueFor(interrupt, actions, { answers, options })] as const];
  });
  return Object.fromEntries(resumed);
}

interface Answering {
  readonly answers: ReadonlyMap<string, InterruptAnswer>;
  readonly options: ResumeOptions;
}

function valueFor(
  interrupt: GraphInterrupt,
  actions: readonly AskedAction[],
  { answers, options }: Answering,
): unknown {
  const decided = actions.map((action) => checked(action, answers.get(action.id), options));
  const requests = requestsOf(interrupt);
  if (requests === undefined) {
    const [answer = unanswered] = decided;
    return options.resume === undefined ? answer.approve : options.resume(interrupt, answer);
  }
  const decisions = requests.map(({ name, allowed }, index) => {
    const { approve, reason } = decided[index] ?? unanswered;
    const type = approve ? "approve" : "reject";
    if (allowed?.includes(type) === false) {
      const message = `The agent takes no ${approve ? "approval" : "refusal"} of ${name}: allow "${type}" where it asks.`;
      throw new RuntimeError("invalid_argument", message);
    }
    return approve ? { type } : { type, message: refusalText(reason) };
  });
  return { decisions };
}

const unanswered: InterruptAnswer = { approve: false, reason: undefined };

/** A yes counts when the runtime has kept it for this call. */
export function checked(
  { name, arguments: args }: AskedAction,
  answer: InterruptAnswer | undefined,
  { isApproved }: Pick<ResumeOptions, "isApproved">,
): InterruptAnswer {
  if (answer?.approve === true && !isApproved(name, args)) {
    throw new RuntimeError("permission_denied", `Nobody has approved this call of ${name}.`);
  }
  return answer ?? unanswered;
}

/** What the model is told of a refusal. */
export function refusalText(reason: string | undefined): string {
  return reason === undefined ? "The call was refused." : `The call was refused: ${reason}`;
}
