import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Provider } from "./researcher.ts";

const messageSchema = z.looseObject({ role: z.string(), content: z.unknown().optional() });
const requestSchema = z.looseObject({
  stream: z.boolean().default(false),
  messages: z.array(messageSchema).min(1),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).default([]),
});

type ModelRequest = z.output<typeof requestSchema>;

/** What the model says: text, and then perhaps a call. */
interface Turn {
  readonly text: string;
  readonly call?: { readonly name: string; readonly arguments: object };
}

const wordMs = 8;

/**
 * A model's server for when no key is set. It speaks chat completions, streamed and whole, on a port of the loopback, so that each
 * framework uses the client that it would use with a real one. What it says follows a script: a plan, the library, Python, an answer.
 */
export async function startScriptedModel(): Promise<Provider & AsyncDisposable> {
  const server = createServer((request, response) => {
    answer(request, response).catch((thrown: unknown) => {
      if (!response.headersSent)
        reply(response, 400, { error: { message: String(thrown), type: "invalid_request_error" } });
      else response.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // It listens on a port.
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    apiKey: "none",
    model: "scripted",
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
    reply(response, 404, { error: { message: `There is no ${request.url ?? ""}.`, type: "invalid_request_error" } });
    return;
  }
  const asked = requestSchema.parse(await json(request));
  const turn = script(asked);
  if (asked.stream) await stream(response, asked, turn);
  else reply(response, 200, completion(asked, turn));
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** Where the script is, by the results that there are since the user spoke. */
function script({ messages, tools }: ModelRequest): Turn {
  const from = messages.findLastIndex(({ role }) => role === "user");
  const question = textOf(messages[from]?.content);
  const results = messages.slice(from + 1).filter(({ role }) => role === "tool");
  const [facts, computed] = results.map(({ content }) => textOf(content));
  const has = (name: string): boolean => tools.some((tool) => tool.function.name === name);
  if (facts === undefined && has("search_library")) {
    const text = "My plan: look up the figures in the library, compute with Python, and tell what I found.";
    return { text, call: { name: "search_library", arguments: { query: question } } };
  }
  if (facts !== undefined && computed === undefined && has("run_ipython_cell")) {
    const figures = [...facts.matchAll(/([\d,]+) (?:km long|square km|m high)/g)].map(([, figure = ""]) =>
      Number(figure.replaceAll(",", "")),
    );
    const code = `figures = ${JSON.stringify(figures)}\nprint(len(figures), "figures, mean", round(sum(figures) / len(figures), 1))`;
    return { text: "", call: { name: "run_ipython_cell", arguments: { code } } };
  }
  const found = (computed ?? facts ?? "nothing, since I have no tools").trim();
  return {
    text: `[scripted answer, no model] You asked: “${question.slice(0, 200)}”. Python says: ${found.slice(0, 300)}.`,
  };
}

/** Frameworks send a text, or parts. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((part: unknown) => (isText(part) ? part.text : "")).join("");
}

function isText(part: unknown): part is { readonly text: string } {
  return typeof part === "object" && part !== null && "text" in part && typeof part.text === "string";
}

function usageOf({ messages }: ModelRequest, { text, call }: Turn): object {
  const prompt = JSON.stringify(messages).split(/\s+/).length;
  const said = `${text} ${JSON.stringify(call ?? "")}`.split(/\s+/).length;
  return { prompt_tokens: prompt, completion_tokens: said, total_tokens: prompt + said };
}

function head(object: string): object {
  const created = Math.floor(Date.now() / 1000);
  return { id: `chatcmpl-${crypto.randomUUID()}`, object, created, model: "scripted" };
}

function callOf({ name, arguments: given }: NonNullable<Turn["call"]>): object {
  return { id: `call_${crypto.randomUUID()}`, type: "function", function: { name, arguments: JSON.stringify(given) } };
}

function completion(asked: ModelRequest, turn: Turn): object {
  const calls = turn.call === undefined ? {} : { tool_calls: [callOf(turn.call)] };
  const message = { role: "assistant", content: turn.text, ...calls };
  const choice = { index: 0, message, finish_reason: turn.call === undefined ? "stop" : "tool_calls" };
  return { ...head("chat.completion"), choices: [choice], usage: usageOf(asked, turn) };
}

async function stream(response: ServerResponse, asked: ModelRequest, turn: Turn): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const common = head("chat.completion.chunk");
  const say = async (more: object): Promise<void> => {
    response.write(`data: ${JSON.stringify({ ...common, ...more })}\n\n`);
    await sleep(wordMs);
  };
  const delta = async (said: object, reason: string | null = null): Promise<void> =>
    say({ choices: [{ index: 0, delta: said, finish_reason: reason }] });
  await delta({ role: "assistant", content: "" });
  for (const word of turn.text.match(/\S+\s*/g) ?? []) await delta({ content: word });
  if (turn.call !== undefined) {
    const { function: called, ...call } = callOf(turn.call) as { readonly function: { readonly arguments: string } };
    await delta({ tool_calls: [{ index: 0, ...call, function: { ...called, arguments: "" } }] });
    for (const piece of called.arguments.match(/.{1,16}/gs) ?? [])
      await delta({ tool_calls: [{ index: 0, function: { arguments: piece } }] });
  }
  await delta({}, turn.call === undefined ? "stop" : "tool_calls");
  await say({ choices: [], usage: usageOf(asked, turn) });
  response.end("data: [DONE]\n\n");
}
