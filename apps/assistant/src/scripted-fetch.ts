import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const requestSchema = z.object({
  stream: z.literal(true),
  messages: z.array(z.object({ role: z.string(), content: z.unknown() })).min(1),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).default([]),
});

type ScriptedRequest = z.output<typeof requestSchema>;

interface Delta {
  readonly content?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: readonly {
    readonly index: number;
    readonly id?: string;
    readonly type?: "function";
    readonly function: { readonly name?: string; readonly arguments: string };
  }[];
}

const wordMs = 15;
const label = "**[demo answer, no model]** ";

/**
 * Stands in for a model's server when no key is set: takes chat completions requests and streams a scripted answer, the
 * first time as a call of one of the tools it is offered. It speaks the protocol, so the assistant runs the same code
 * as with a real model.
 */
export const scriptedFetch: typeof fetch = async (_input, init) => {
  const body: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : undefined;
  const request = requestSchema.safeParse(body);
  if (!request.success) {
    return Response.json(
      { error: { message: `The scripted model cannot read this: ${request.error.message}` } },
      { status: 400 },
    );
  }
  const signal = init?.signal ?? undefined;
  const stream = ReadableStream.from(chunks(request.data, signal)).pipeThrough(new TextEncoderStream());
  return new Response(stream, { headers: { "content-type": "text/event-stream" } });
};

async function* chunks(request: ScriptedRequest, signal: AbortSignal | undefined): AsyncIterable<string> {
  const id = `chatcmpl-${crypto.randomUUID()}`;
  const frame = (delta: Delta, finishReason: string | null = null): string =>
    `data: ${JSON.stringify({
      id,
      object: "chat.completion.chunk",
      created: Math.floor(Date.now() / 1000),
      model: "scripted",
      choices: [{ index: 0, delta, finish_reason: finishReason }],
    })}\n\n`;
  let words = 0;
  for (const delta of script(request)) {
    words += 1;
    await sleep(wordMs, undefined, { signal });
    yield frame(delta);
  }
  yield frame({}, request.messages.at(-1)?.role === "tool" ? "stop" : finishReasonOf(request));
  const usage = { prompt_tokens: wordsIn(request), completion_tokens: words, total_tokens: wordsIn(request) + words };
  yield `data: ${JSON.stringify({ id, object: "chat.completion.chunk", choices: [], usage })}\n\n`;
  yield "data: [DONE]\n\n";
}

function finishReasonOf(request: ScriptedRequest): string {
  return chosenTool(request) === undefined ? "stop" : "tool_calls";
}

function* script(request: ScriptedRequest): Iterable<Delta> {
  const last = request.messages.at(-1);
  const tool = chosenTool(request);
  if (last?.role !== "tool" && tool !== undefined) {
    for (const word of split("The demo always uses a tool first, to show how that looks."))
      yield { reasoning_content: word };
    yield {
      tool_calls: [
        { index: 0, id: `call_${crypto.randomUUID()}`, type: "function", function: { name: tool.name, arguments: "" } },
      ],
    };
    for (const piece of tool.arguments.match(/.{1,12}/gs) ?? [])
      yield { tool_calls: [{ index: 0, function: { arguments: piece } }] };
    return;
  }
  const question = textOf(request.messages.findLast(({ role }) => role === "user")?.content);
  const result = last?.role === "tool" ? textOf(last.content) : "nothing, since no tool was offered";
  for (const word of split(answerTo(question, result))) yield { content: word };
}

function answerTo(question: string, result: string): string {
  return (
    `${label}You asked: “${question.slice(0, 300)}”.\n\n` +
    `I really called a tool, and it said: ${result.slice(0, 300)}.\n\n` +
    "Everything around me is real: the stream, the tool call, the session and its history. " +
    "Set OPENAI_API_KEY (and OPENAI_BASE_URL and MODEL, if you like) and start again to talk to a model."
  );
}

/** With matplotlib where there is one, else by hand. */
const plot = String.raw`import math
from IPython.display import display, Image
values = [math.sin(x / 50) for x in range(315)]
print(f"The area under half a sine wave is {sum(values[:158]) / 50:.2f}.")
try:
    from matplotlib.figure import Figure
    figure = Figure(figsize=(5, 3))
    figure.add_subplot(title="sin x").plot(values)
    display(figure)
except ImportError:
    import struct, zlib
    rows = [bytearray(b"\xff" * 315) for _ in range(120)]
    for x, value in enumerate(values): rows[int(60 - 50 * value)][x] = 0
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", 315, 120, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    display(Image(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")))`;

/** `remember` and code when the user asks for it, else the clock. Undefined when nothing that fits is offered. */
function chosenTool({
  messages,
  tools,
}: ScriptedRequest): { readonly name: string; readonly arguments: string } | undefined {
  const offered = new Set(tools.map((tool) => tool.function.name));
  const question = textOf(messages.findLast(({ role }) => role === "user")?.content);
  const [, fact] = /\bremember\b(?: that)?[\s:,]*(.+)/is.exec(question) ?? [];
  if (fact !== undefined && offered.has("remember"))
    return { name: "remember", arguments: JSON.stringify({ fact: fact.trim() }) };
  if (/\b(plot|draw|python|compute|calculate)\b/i.test(question) && offered.has("run_ipython_cell"))
    return { name: "run_ipython_cell", arguments: JSON.stringify({ code: plot }) };
  const [, command] = /\brun[:\s]+`([^`]+)`/i.exec(question) ?? [];
  if (command !== undefined && offered.has("run_shell_command"))
    return { name: "run_shell_command", arguments: JSON.stringify({ command }) };
  if (offered.has("current_time")) return { name: "current_time", arguments: JSON.stringify({ timeZone: "UTC" }) };
  return undefined;
}

function wordsIn({ messages }: ScriptedRequest): number {
  return messages.reduce((sum, { content }) => sum + split(textOf(content)).length, 0);
}

function split(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}

/** Content is a string or a list of parts; parts without text say nothing. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  const parts = z.array(z.object({ text: z.string().default("") })).safeParse(content);
  return (parts.data ?? []).map(({ text }) => text).join(" ");
}
