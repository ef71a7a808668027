import { runIdHeader, toldFrames } from "@agentscope-runtime/core";
import type { GatewayHost, HttpReply, Route, RouteRequest } from "@agentscope-runtime/core";
import { parse } from "@agentscope-runtime/protocol";
import { ChatTeller, chatChunkSchema } from "./chat-teller.ts";
import { chatCompletionSchema, toCompletion } from "./chat-completion.ts";
import { chatRequestSchema, toAgentRequest } from "./chat-request.ts";
import { errorBodySchema, openAiErrorReply } from "./error-body.ts";
import { chooseAgent } from "./models.ts";
import { endOfRun } from "./run-events.ts";

/** `POST /chat/completions`. */
export function chatRoutes({ runs, maxBodyBytes }: GatewayHost, prefix: string): readonly Route[] {
  return [
    {
      method: "POST",
      path: `${prefix}/chat/completions`,
      doc: {
        summary: "Chat Completions of OpenAI: run the agent, and stream chunks with `stream: true`.",
        tag: "openai",
        body: chatRequestSchema,
        reply: chatCompletionSchema,
        events: chatChunkSchema,
        error: errorBodySchema,
      },
      errorReply: openAiErrorReply,
      handle: complete,
    },
  ];

  async function complete({ http, identity }: RouteRequest): Promise<HttpReply> {
    const body = parse(chatRequestSchema, await http.readJson(maxBodyBytes), "request");
    const { agent, model } = chooseAgent(runs.agents, body.model);
    const { signal, headers } = http;
    const request = toAgentRequest(body, model);
    const key = await runs.start({ agent, request, identity, reader: signal, traceparent: headers["traceparent"] });
    const facts = { id: key.runId, model: body.model, includeUsage: body.stream_options?.include_usage === true };
    const named = runIdHeader(key.runId);
    if (body.stream === true) {
      const frames = toldFrames(runs.read(key, { follow: true, signal }), new ChatTeller(facts));
      return { status: 200, headers: named, body: { sse: frames } };
    }
    const completion = toCompletion(await endOfRun(runs, key, signal), facts);
    return { status: 200, headers: named, body: { json: completion } };
  }
}
