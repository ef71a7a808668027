import { functionCallOutputSchema, mcpCallSchema, parse } from "@agentscope-runtime/protocol";
import type { Message } from "@agentscope-runtime/protocol";
import { placeText, unfit } from "./unfit.ts";
import type { PartPlace } from "./unfit.ts";

/** A call as one of our messages tells it. */
export interface CallData {
  readonly callId: string;
  readonly name: string;
  /** JSON text, as the model wrote it; "" for none. */
  readonly arguments: string;
}

/** What a call was answered with, as one of our messages tells it. */
export interface CallOutputData {
  readonly callId: string;
  /** Of the tool, where the message says it. */
  readonly name: string | undefined;
  readonly output: string;
  readonly isError: boolean;
}

/** What the `data` parts of a message hold: a call, an output, an approval. */
export function dataIn({ content }: Message): Readonly<Record<string, unknown>>[] {
  return (content ?? []).flatMap((part) => (part.type === "data" && part.data !== null ? [part.data] : []));
}

/** The data of a `function_call`, `plugin_call` or `mcp_call`. `invalid_argument` for anything else, and without an id or a name. */
export function parseCall(data: unknown, place: PartPlace): CallData {
  const { call_id: callId, name, arguments: text } = parse(mcpCallSchema, data, placeText(place));
  if (callId === null || name === null) throw unfit(place, "a call needs a call_id and a name");
  return { callId, name, arguments: text ?? "" };
}

/** The data of the output of a call, of any of the three types. `invalid_argument` for anything else. */
export function parseCallOutput(data: unknown, place: PartPlace): CallOutputData {
  const { call_id: callId, name, output, is_error } = parse(functionCallOutputSchema, data, placeText(place));
  return { callId, name: name ?? undefined, output, isError: is_error === true };
}
