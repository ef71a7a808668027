import { RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentOutput } from "./agent-output.ts";

/** Which fields of an output must be strings, by its type. What is not here is no AgentOutput. */
const stringFields: Readonly<Record<Exclude<AgentOutput, string>["type"], readonly string[]>> = {
  "text.delta": ["delta"],
  "reasoning.delta": ["delta"],
  "refusal.delta": ["delta"],
  "tool.call.delta": ["callId", "name", "delta"],
  "tool.call": ["callId", "name"],
  "tool.result": ["callId"],
  content: [],
  message: [],
  "message.end": [],
  "approval.request": ["id", "name"],
  usage: [],
  incomplete: ["reason"],
};

/**
 * Agents are written by people, many in plain JavaScript: what they yield is checked once, here. Throws `internal` for what is no
 * AgentOutput. Contents, messages and usage are checked where they are read.
 */
export function checkOutput(output: unknown): Exclude<AgentOutput, string> {
  const type = typeof output === "object" && output !== null && "type" in output ? output.type : undefined;
  if (typeof type !== "string" || !Object.hasOwn(stringFields, type)) {
    throw new RuntimeError(
      "internal",
      `The agent yielded something that is not AgentOutput: ${described(output, type)}.`,
    );
  }
  const known = output as Exclude<AgentOutput, string>; // Its type is one of the table's.
  for (const field of stringFields[known.type]) {
    if (typeof (known as unknown as Record<string, unknown>)[field] !== "string") {
      throw new RuntimeError("internal", `The agent yielded a "${known.type}" whose ${field} is not a string.`);
    }
  }
  return known;
}

function described(output: unknown, type: unknown): string {
  if (typeof type === "string") return `type "${type.slice(0, 40)}"`;
  return output === null ? "null" : typeof output;
}
