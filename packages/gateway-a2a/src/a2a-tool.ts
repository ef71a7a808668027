import { setTimeout as sleep } from "node:timers/promises";
import type { SendMessageRequest, StreamResponse, Task } from "@a2a-js/sdk";
import type { Client } from "@a2a-js/sdk/client";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { defineTool } from "@agentscope-runtime/tools";
import type { Tool, ToolResult, ToolRunOptions } from "@agentscope-runtime/tools";
import { z } from "zod";
import { RemoteTask } from "./remote-task.ts";

export interface A2aToolOptions {
  /** Where the other agent is: its card is looked for at `/.well-known/agent-card.json`, unless the path names a `.json`. */
  readonly url: string;
  /** What the model calls it by. Default: from the card's name. */
  readonly name?: string;
  /** When to call it. Default: the card's description and skills. */
  readonly description?: string;
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the other agent may take for one answer, in milliseconds. Default 600,000. */
  readonly timeoutMs?: number;
  /** Characters of one answer. Default 1,000,000. */
  readonly maxResultLength?: number;
  readonly signal?: AbortSignal;
}

const inputSchema = z.object({
  message: z.string().min(1).describe("What to tell the other agent. It knows nothing of this conversation."),
  context_id: z.string().optional().describe("The context_id of its earlier answer, to go on with that conversation."),
  task_id: z.string().optional().describe("The task_id of its earlier answer, when it has asked something back."),
});

export type A2aToolInput = z.output<typeof inputSchema>;

const defaultTimeoutMs = 600_000;
const defaultMaxResultLength = 1_000_000;
const cancelMs = 5_000;
const pollMs = 1_000;

/**
 * Another agent as a tool of yours, over A2A 1.0 or 0.3, whichever it speaks. It streams what the agent says; when the call is
 * aborted, the agent's task is canceled. What the agent asks back is a result that says how to answer. `unavailable` when
 * there is no card to be had.
 *
 * @example
 * ```ts
 * const weather = await fetchA2aTool({ url: "https://weather.example" });
 * ```
 */
export async function fetchA2aTool(options: A2aToolOptions): Promise<Tool<A2aToolInput>> {
  const { url, signal, timeoutMs = defaultTimeoutMs, maxResultLength = defaultMaxResultLength } = options;
  const client = await connect(options).catch((thrown: unknown) => {
    signal?.throwIfAborted();
    throw new RuntimeError("unavailable", `There is no agent at ${url}: ${messageOf(thrown)}`, { cause: thrown });
  });
  const card = await client.getAgentCard();
  const skills = card.skills.map((skill) => `- ${skill.name}: ${skill.description}`);
  const name = options.name ?? nameOf(card.name);
  return defineTool({
    name,
    description: options.description ?? [`${card.name}: ${card.description}`, ...skills].join("\n"),
    input: inputSchema,
    run: async (input, run) => {
      const timeout = AbortSignal.timeout(timeoutMs);
      const until = run.signal === undefined ? timeout : AbortSignal.any([run.signal, timeout]);
      const task = new RemoteTask({ name, maxResultLength });
      try {
        return await ask({ client, input, run, task, until, streams: card.capabilities?.streaming === true });
      } catch (thrown) {
        if (until.aborted || RuntimeError.is(thrown)) await cancel(client, task);
        run.signal?.throwIfAborted();
        if (timeout.aborted) {
          throw new RuntimeError("deadline_exceeded", `${name} has not answered within ${timeoutMs} ms.`);
        }
        if (RuntimeError.is(thrown)) throw thrown;
        throw new RuntimeError("unavailable", `${name} could not be asked: ${messageOf(thrown)}`, { cause: thrown });
      }
    },
  });
}

interface Asking {
  readonly client: Client;
  readonly input: A2aToolInput;
  readonly run: ToolRunOptions;
  readonly task: RemoteTask;
  readonly until: AbortSignal;
  readonly streams: boolean;
}

async function ask({ client, input, run, task, until, streams }: Asking): Promise<ToolResult> {
  const request = await toRequest(input, run.callId);
  const tell = (event: StreamResponse): void => {
    if (task.take(event)) run.onUpdate?.(task.soFar());
  };
  if (streams) {
    for await (const event of client.sendMessageStream(request, { signal: until })) tell(event);
  } else {
    const answer = await client.sendMessage(request, { signal: until });
    const isMessage = "messageId" in answer;
    tell({ payload: isMessage ? { $case: "message", value: answer } : { $case: "task", value: answer } });
  }
  // It may have answered before it was done, or its stream may have been cut.
  while (task.isUnderWay) {
    await sleep(pollMs, undefined, { signal: until });
    const now = await client.getTask({ tenant: "", id: task.id, historyLength: 0 }, { signal: until });
    tell({ payload: { $case: "task", value: now } });
  }
  return task.result();
}

/** Nobody waits for an answer that is not wanted any more, and neither shall the other agent work for it. */
async function cancel(client: Client, { id, isUnderWay }: RemoteTask): Promise<Task | undefined> {
  if (!isUnderWay || id === "") return undefined;
  const signal = AbortSignal.timeout(cancelMs);
  return client.cancelTask({ tenant: "", id, metadata: undefined }, { signal }).catch(() => undefined);
}

/** The SDK is large: only who calls other agents loads it. */
async function connect({ url, headers = {}, signal }: A2aToolOptions): Promise<Client> {
  const sdk = await import("@a2a-js/sdk/client");
  const fetchImpl: typeof fetch = async (input, init) => {
    const sent = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) sent.set(name, value);
    return fetch(input, { ...init, headers: sent });
  };
  const legacyCompat = { enabled: true };
  const resolving: typeof fetch = async (input, init) => fetchImpl(input, { ...init, ...(signal && { signal }) });
  const factory = new sdk.ClientFactory({
    transports: [
      new sdk.JsonRpcTransportFactory({ fetchImpl, legacyCompat }),
      new sdk.RestTransportFactory({ fetchImpl, legacyCompat }),
    ],
    cardResolver: new sdk.DefaultAgentCardResolver({ fetchImpl: resolving, legacyCompat }),
  });
  const base = new URL(url);
  if (base.pathname.endsWith(".json")) return factory.createFromUrl(base.href, "");
  return factory.createFromUrl(base.href, `${base.pathname.replace(/\/+$/, "")}/.well-known/agent-card.json`);
}

async function toRequest(
  { message, context_id: contextId, task_id: taskId }: A2aToolInput,
  callId: string = crypto.randomUUID(),
): Promise<SendMessageRequest> {
  const sdk = await import("@a2a-js/sdk");
  const parts = [{ text: message }];
  return sdk.SendMessageRequest.fromJSON({
    message: { messageId: callId, contextId, taskId, role: "ROLE_USER", parts },
  });
}

const longestName = 64;

/** A card's name as models take it. */
function nameOf(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_-]+/g, "_").replaceAll(/^_+|_+$/g, "");
  return plain === "" ? "agent" : plain.slice(0, longestName);
}

const longestMessage = 500;

function messageOf(thrown: unknown): string {
  const message = typeof thrown === "object" && thrown !== null && "message" in thrown ? thrown.message : thrown;
  return String(message).slice(0, longestMessage);
}
