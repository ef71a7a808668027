import { messageSchema } from "@agentscope-runtime/protocol";
import type { Content, Message } from "@agentscope-runtime/protocol";

/** A part of a message: only what it says, without numbers, states and fields that are null. */
export type BareContent = Readonly<Record<string, unknown>> & { readonly type: string };

/** A message without its id: only what it says. */
export interface BareMessage {
  readonly type: string;
  readonly role: string | null;
  readonly content: readonly BareContent[] | null;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Only when the message is not complete. */
  readonly status?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

const partFields = new Set(["object", "status", "error", "sequence_number", "index", "delta", "msg_id"]);
const whole = new Set(["created", "in_progress", "completed"]);

/** What a part says. */
export function bareContent(content: Content): BareContent {
  const said = Object.entries(content).filter(([name, value]) => !partFields.has(name) && (value ?? null) !== null);
  return { ...Object.fromEntries(said), type: content.type };
}

/** What a message says. */
export function bareMessage({ type, role, content, metadata, status, code, message }: Message): BareMessage {
  return {
    type,
    role,
    content: content?.map(bareContent) ?? null,
    metadata: metadata ?? undefined,
    status: status === null || whole.has(status) ? undefined : status,
    code: code ?? undefined,
    message: message ?? undefined,
  };
}

/** The message again, or undefined when it is none: what has travelled may have been changed. */
export function wholeMessage(id: string, bare: unknown): Message | undefined {
  if (typeof bare !== "object" || bare === null) return undefined;
  return messageSchema.safeParse({ status: "completed", ...bare, id }).data;
}
