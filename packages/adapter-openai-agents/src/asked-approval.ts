import { asText } from "./as-text.ts";
import { argumentsOf, hostedToolCall, toolNameOf } from "./from-item.ts";
import type { AgentsApproval } from "./run-event.ts";

/** What a person is asked to allow. */
export interface AskedCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
  readonly serverLabel: string | undefined;
}

/** A call of the SDK's that waits for a person. The id of the call is that of the question. */
export function askedOf({ rawItem, toolName }: AgentsApproval): AskedCall {
  const item = { ...rawItem } as Readonly<Record<string, unknown>>; // To look at what is there.
  if (item["type"] === "hosted_tool_call") {
    const { callId: id, name, arguments: text, serverLabel } = hostedToolCall(item);
    return { id, name, arguments: text, serverLabel };
  }
  const name = toolName ?? item["name"] ?? toolNameOf(asText(item["type"]));
  return {
    id: asText(item["callId"] ?? item["id"]),
    name: asText(name),
    arguments: argumentsOf(item),
    serverLabel: undefined,
  };
}
