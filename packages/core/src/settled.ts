import type { AgentEvent, Content, Message } from "@agentscope-runtime/protocol";

/**
 * The event, when it says what its JSON text says and always will: it holds texts and numbers of ours, and nothing that an agent handed
 * over as an object, which it may change or which JSON would write otherwise. Undefined for any other, which has to be parsed again.
 */
export function settled<E extends AgentEvent>(event: E): E | undefined {
  return isSettled(event) ? event : undefined;
}

function isSettled(event: AgentEvent): boolean {
  if (event.object === "content") return isText(event);
  if (event.object === "message") return isTextMessage(event);
  return event.error === null && (event.output === null || event.output.every(isTextMessage));
}

function isTextMessage({ content, metadata, usage, error }: Message): boolean {
  return metadata === null && usage === null && error === null && (content === null || content.every(isText));
}

function isText({ type, error }: Content): boolean {
  return (type === "text" || type === "refusal") && error === null;
}
