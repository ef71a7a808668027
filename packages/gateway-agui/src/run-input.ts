import type { Context, RunAgentInput, Tool } from "@ag-ui/core";
import { RunAgentInputSchema } from "@ag-ui/core/schemas";
import { idSchema, parse } from "@agentscope-runtime/protocol";
import { fromBinaryPart } from "./from-binary-part.ts";
import { isObject } from "./is-object.ts";

/** The body of a request: AG-UI's own, with ids that are ours too. */
export const runInputSchema = RunAgentInputSchema.extend({ threadId: idSchema, runId: idSchema });

/** A request, its lists filled in. What a client means by its state and properties is between it and the agent. */
export interface RunInput extends Omit<RunAgentInput, "state" | "forwardedProps"> {
  readonly tools: Tool[];
  readonly context: Context[];
  readonly state?: unknown;
  readonly forwardedProps?: unknown;
}

const roles = new Set<unknown>(["developer", "system", "assistant", "user", "tool", "activity", "reasoning"]);
const parts = new Set<unknown>(["text", "image", "audio", "video", "document"]);

/** What AG-UI does not know yet is left out; what it knows and is wrong is `invalid_argument`. */
export function parseRunInput(body: unknown): RunInput {
  // The schema and the type are generated from one source; they differ only in how they write optional fields.
  return parse(runInputSchema, recognised(body), "request") as RunInput;
}

function recognised(body: unknown): unknown {
  if (!isObject(body)) return body;
  // Clients from before 1.0 send null for what they do not have.
  const { forwardedProps, messages, ...rest } = body;
  return {
    ...rest,
    ...(forwardedProps === null || forwardedProps === undefined ? {} : { forwardedProps }),
    messages: Array.isArray(messages) ? messages.filter(hasKnownRole).map(withKnownParts) : messages,
  };
}

function hasKnownRole(message: unknown): boolean {
  return !isObject(message) || typeof message["role"] !== "string" || roles.has(message["role"]);
}

function withKnownParts(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message["content"])) return message;
  const content: unknown[] = message["content"];
  return { ...message, content: content.map(fromBinaryPart).filter(isKnownPart) };
}

function isKnownPart(part: unknown): boolean {
  return !isObject(part) || typeof part["type"] !== "string" || parts.has(part["type"]);
}
