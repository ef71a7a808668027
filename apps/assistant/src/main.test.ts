import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { decodeEvents } from "@agentscope-runtime/protocol";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { startApp } from "@agentscope-runtime-tooling/testing";

const entry = new URL("./main.ts", import.meta.url);

async function ask(url: string): Promise<AsyncGenerator<AgentEvent, void, undefined>> {
  const answer = await fetch(`${url}/process`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ input: [{ role: "user", content: [{ type: "text", text: "What time is it?" }] }] }),
  });
  if (answer.body === null) throw new Error("The answer has no body.");
  return decodeEvents(answer.body);
}

/** A model's server that speaks chat completions, as little as the assistant needs, and keeps what it was sent. */
async function modelServer(): Promise<
  { url: string; requests: { path: string; key: string; body: unknown }[] } & AsyncDisposable
> {
  const requests: { path: string; key: string; body: unknown }[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      let text = "";
      for await (const chunk of request) text += String(chunk);
      requests.push({ path: request.url ?? "", key: request.headers.authorization ?? "", body: JSON.parse(text) });
      response.writeHead(200, { "content-type": "text/event-stream" });
      const chunk = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
      response.write(
        `data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta: { content: "From a model." }, finish_reason: "stop" }] })}\n\n`,
      );
      response.end(
        `data: ${JSON.stringify({ ...chunk, choices: [], usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 } })}\n\ndata: [DONE]\n\n`,
      );
    })();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

describe("the assistant as a process", () => {
  it("prints one line, with its URL and a curl command that works", async () => {
    await using app = await startApp({ entry });
    expect(app.line).toContain(`curl -N ${app.url}/process`);
    expect((await Array.fromAsync(await ask(app.url))).at(-1)).toMatchObject({
      object: "response",
      status: "completed",
    });
    app.kill("SIGTERM");
    const { exit, output } = await app.ended;
    expect([exit, output]).toEqual([0, `${app.line}\n`]);
  });

  it("ends the answer cleanly on Ctrl+C: the stream is told, and the process exits by itself", async () => {
    await using app = await startApp({ entry });
    const events = await ask(app.url);
    await events.next();
    app.kill("SIGINT");
    expect((await Array.fromAsync(events)).at(-1)).toMatchObject({
      object: "response",
      status: "incomplete",
      incomplete_details: { reason: "shutdown" },
    });
    expect(await app.ended).toMatchObject({ exit: 0 });
  });

  it("finishes the answer on SIGTERM", async () => {
    await using app = await startApp({ entry });
    const events = await ask(app.url);
    await events.next();
    app.kill("SIGTERM");
    expect((await Array.fromAsync(events)).at(-1)).toMatchObject({ object: "response", status: "completed" });
    expect(await app.ended).toMatchObject({ exit: 0 });
  });

  it("asks the model that the environment names", async () => {
    await using model = await modelServer();
    await using app = await startApp({
      entry,
      env: { OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "secret", MODEL: "big" },
    });
    expect((await Array.fromAsync(await ask(app.url))).at(-1)).toMatchObject({
      status: "completed",
      output: [{ content: [{ text: "From a model." }] }],
      usage: { input_tokens: 3, output_tokens: 4 },
    });
    expect(model.requests).toEqual([
      {
        path: "/v1/chat/completions",
        key: "Bearer secret",
        body: expect.objectContaining({ model: "big", stream: true, tools: expect.any(Array) }),
      },
    ]);
  });

  it("says what is wrong with its environment", async () => {
    await expect(startApp({ entry, env: { LOG_LEVEL: "loud" } })).rejects.toThrow("LOG_LEVEL");
  });
});
