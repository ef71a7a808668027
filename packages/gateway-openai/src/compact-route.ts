import { ownerOf, runIdHeader } from "@agentscope-runtime/core";
import type { GatewayHost, HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import { parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentResponse, MessageInput } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { failureOf } from "./chat-completion.ts";
import { toCompaction } from "./compaction-item.ts";
import { errorBodySchema, openAiErrorReply } from "./error-body.ts";
import { forgetterOf } from "./forget-run.ts";
import { inputItemSchema, toInputItems } from "./input-item.ts";
import type { InputItem } from "./input-item.ts";
import { itemId } from "./item-id.ts";
import { chooseAgent } from "./models.ts";
import type { ResponseDesk } from "./response-desk.ts";
import { toAgentRequest } from "./response-request.ts";
import { newRunId } from "./response-shelf.ts";
import { endOfRun } from "./run-events.ts";
import { toMessages } from "./to-messages.ts";
import { toResponseUsage } from "./usage.ts";

const compactSchema = z.looseObject({
  model: z.string().min(1).nullish(),
  input: z.union([z.string(), z.array(inputItemSchema)]).nullish(),
  previous_response_id: z.string().min(1).nullish(),
  instructions: z.string().nullish(),
});

/** For the OpenAPI document. */
const compactedSchema = z.object({
  id: z.string(),
  object: z.literal("response.compaction"),
  created_at: z.int(),
  output: z.array(z.looseObject({ type: z.string(), id: z.string() })),
  usage: z.looseObject({}),
});

const task =
  "Sum up our conversation for whoever goes on with it and has not read it: what I want, what was found out and decided, " +
  "names and figures as they are, and what is still to be done. Say nothing else, and call no tools.";

/** `POST /responses/compact`: the agent sums up what was said, and an item with the summary stands for it from then on. */
export function compactRoute({ maxBodyBytes }: GatewayHost, desk: ResponseDesk, prefix: string): Route {
  const { runs, contexts } = desk;
  return {
    method: "POST",
    path: `${prefix}/responses/compact`,
    doc: {
      summary: "Let the agent sum up a conversation into items that stand for it.",
      tag: "openai",
      body: compactSchema,
      reply: compactedSchema,
      error: errorBodySchema,
    },
    errorReply: openAiErrorReply,
    handle: compact,
  };

  async function compact({ http, identity }: RouteRequest): Promise<HttpReply> {
    const body = parse(compactSchema, await http.readJson(maxBodyBytes), "request");
    const { signal, headers } = http;
    const { agent, model } = chooseAgent(runs.agents, body.model ?? null);
    const caller = { ownerId: ownerOf(identity), signal };
    const items = await contexts.resolve(toInputItems(body.input), undefined, caller);
    const before = await saidBefore(body.previous_response_id ?? undefined, caller);
    const question: MessageInput = { role: "user", content: [{ type: "text", text: task }] };
    const messages = [...before, ...toMessages(items, agent), question];
    if (messages.length === 1) throw nothing();
    const runId = newRunId(false);
    // In a session of its own: nobody wants to find this question in the conversation.
    const { instructions } = body;
    const frame = { runId, model, messages, sessionId: undefined, userId: undefined };
    const request = toAgentRequest({ instructions }, frame);
    const key = await runs.start({ agent, request, identity, reader: signal, traceparent: headers["traceparent"] });
    const forget = forgetterOf(runs, key, { keepsSession: false });
    signal.addEventListener("abort", forget, { once: true });
    try {
      const end = await endOfRun(runs, key, signal);
      const output = [...items.filter(isAsked), toCompaction(idOf(runId, items.length), summaryOf(end))];
      const usage = toResponseUsage(end.usage ?? {});
      const listed = output.map((item, index) => ({ id: idOf(runId, index, item.type), ...item }));
      const json = { id: runId, object: "response.compaction", created_at: end.created_at, output: listed, usage };
      return { status: 200, headers: runIdHeader(key.runId), body: { json } };
    } finally {
      forget();
    }
  }

  async function saidBefore(
    previousId: string | undefined,
    caller: Parameters<typeof contexts.previous>[1],
  ): Promise<readonly MessageInput[]> {
    if (previousId === undefined) return [];
    return contexts.saidUntil(await contexts.previous(previousId, caller), caller);
  }
}

/** What users have said stays as it was. */
function isAsked(item: InputItem): boolean {
  return item.type === "message" && item.role === "user";
}

function idOf(runId: string, index: number, type = "compaction"): string {
  return itemId(type, { runId, side: "output", index });
}

function summaryOf(end: AgentResponse): string {
  const failure = failureOf(end);
  if (failure !== undefined) throw failure;
  const said = (end.output ?? []).filter(({ type }) => type === "message").flatMap(({ content }) => content ?? []);
  const summary = said.map((part) => (part.type === "text" ? part.text : "")).join("");
  if (summary.trim() !== "") return summary;
  throw new RuntimeError("unimplemented", "This agent gives no summaries: asked for one, it said nothing.");
}

function nothing(): RuntimeError {
  return new RuntimeError("invalid_argument", "Invalid request: input: say what to sum up.", {
    details: { field: "input" },
  });
}
