import { describeGateway } from "@agentscope-runtime/core/testing";
import type { GatewayAnswer, GatewayQuestion } from "@agentscope-runtime/core/testing";
import { agentResponseSchema, decodeEvents } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { serve } from "./serve.ts";

async function ask({ url, text, stream = true, apiKey, signal }: GatewayQuestion): Promise<GatewayAnswer> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (apiKey !== undefined) headers["authorization"] = `Bearer ${apiKey}`;
  const body = JSON.stringify({ input: [{ role: "user", content: [{ type: "text", text }] }], stream });
  const answer = await fetch(`${url}/process`, { method: "POST", headers, body, ...(signal && { signal }) });
  const { status } = answer;
  if (status !== 200 || answer.body === null) throw Object.assign(new Error(await answer.text()), { status });
  const runId = answer.headers.get("x-run-id") ?? "";
  return {
    pieces: stream ? piecesOf(decodeEvents(answer.body)) : wholeOf(await answer.json()),
    cancel: async () => void (await fetch(`${url}/runs/${runId}/cancel`, { method: "POST" })),
  };
}

async function* piecesOf(events: AsyncIterable<AgentEvent>): AsyncGenerator<string> {
  let said: string | undefined;
  for await (const event of events) {
    if (event.object === "message" && event.type === "message") said = event.id;
    if (event.object === "content" && event.type === "text" && event.delta === true && event.msg_id === said)
      yield event.text ?? "";
    if (event.object === "response" && event.error !== null) throw new Error(event.error.message);
  }
}

async function* wholeOf(json: unknown): AsyncGenerator<string> {
  const { output, error } = agentResponseSchema.parse(json);
  if (error !== null) throw new Error(error.message);
  const parts = (output ?? []).filter(({ type }) => type === "message").flatMap(({ content }) => content ?? []);
  yield parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  await Promise.resolve();
}

describeGateway("our own wire", {
  gateway: () => ({ name: "none", routes: () => [] }),
  serve: async (app) => serve(app, { port: 0, closeOnSignals: false, drainMs: 100 }),
  ask,
});
