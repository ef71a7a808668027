import type { Message } from "@agentscope-runtime/protocol";

/** What the data parts of a message say together; a later part wins. Agents may write any message, so nothing is certain. */
export function dataOf({ content }: Pick<Message, "content">): Readonly<Record<string, unknown>> {
  const parts = (content ?? []).map((part) => (part.type === "data" ? part.data : null));
  return Object.assign({}, ...parts) as Readonly<Record<string, unknown>>;
}

/** A field as text: strings as they are, anything else as JSON, what is missing as "". */
export function textField(data: Readonly<Record<string, unknown>>, name: string): string {
  const value = data[name];
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}
