import { setTimeout as sleep } from "node:timers/promises";
import type { AgentOutput, QueryHandler } from "@agentscope-runtime/core";
import type { AgentRequest, Message } from "@agentscope-runtime/protocol";

const pauseMs = 20;

/**
 * An agent without a model, for trying doors: it counts when it is asked to, calls the first function that the client lets it
 * call, hands on what that has answered, and says back everything else.
 */
export const manyDoorsAgent: QueryHandler = (request, { signal }) => {
  const last = request.input.at(-1);
  if (last?.type === "function_call_output") return `The function said: ${outputOf(last)}`;
  const text = textOf(request.input);
  const tool = functionFor(request);
  if (tool !== undefined) {
    const given = argumentsFor(tool, text);
    return [
      { type: "tool.call", callId: `call_${crypto.randomUUID()}`, name: tool.name, arguments: given, kind: "function" },
    ];
  }
  const [, most] = /count .*?to (\d{1,9})/i.exec(text) ?? [];
  return most === undefined ? `You said: ${text}` : count(Number(most), signal);
};

async function* count(most: number, signal: AbortSignal): AsyncGenerator<AgentOutput> {
  yield { type: "reasoning.delta", delta: `They want ${most} numbers.` };
  for (let number = 1; number <= most; number += 1) {
    await sleep(pauseMs, undefined, { signal });
    yield `${number} `;
  }
}

interface CalledFunction {
  readonly name: string;
  readonly properties: readonly [string, unknown][];
}

/** The one that the client wants called, else its first. */
function functionFor(request: AgentRequest): CalledFunction | undefined {
  const { tools } = request;
  const choice: unknown = request["tool_choice"];
  if (choice === "none") return undefined;
  const wanted = field(choice, "name");
  const functions = (tools ?? []).flatMap((tool) => {
    const called: unknown = field(tool, "function");
    const name = field(called, "name");
    const properties = field(field(called, "parameters"), "properties");
    const named = Object.entries(typeof properties === "object" && properties !== null ? properties : {});
    return typeof name === "string" ? [{ name, properties: named }] : [];
  });
  return functions.find(({ name }) => name === wanted) ?? functions[0];
}

/** Texts are what was said; of anything else the plainest there is. */
function argumentsFor({ properties }: CalledFunction, text: string): Record<string, unknown> {
  const plain: Readonly<Record<string, unknown>> = { number: 1, integer: 1, boolean: true, array: [], object: {} };
  return Object.fromEntries(properties.map(([name, schema]) => [name, plain[String(field(schema, "type"))] ?? text]));
}

function textOf(messages: readonly Message[]): string {
  const last = messages.findLast(({ role }) => role === "user");
  const parts = last?.content ?? [];
  return parts.map((part) => (part.type === "text" ? (part.text ?? "") : `[${part.type}]`)).join(" ");
}

function outputOf({ content }: Message): string {
  const outputs = (content ?? []).map((part) => (part.type === "data" ? field(part.data, "output") : ""));
  return outputs.map((output) => (typeof output === "string" ? output : JSON.stringify(output))).join("");
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}
