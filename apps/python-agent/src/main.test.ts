import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describeWithPython, startApp } from "@agentscope-runtime-tooling/testing";
import { callHandler, eventsOf, jsonOf } from "@agentscope-runtime/core/testing";
import type { AgentResponse } from "@agentscope-runtime/protocol";
import { pythonAgent } from "./python-agent.ts";

interface Prompt {
  readonly role: string;
  readonly content: unknown;
}

/** A server that speaks as OpenAI does: it asks for the time, says it, and, asked to wait, never comes to its end. */
class ModelServer implements AsyncDisposable {
  readonly prompts: Prompt[][] = [];
  readonly hungUp = Promise.withResolvers<undefined>();
  readonly #server = createServer((request, response) => {
    void text(request).then((body) => {
      const { messages } = JSON.parse(body) as { messages: Prompt[] };
      this.prompts.push(messages);
      const last = messages.at(-1);
      const tell = (delta: object, finish_reason: string | null = null): void => {
        const chunk = {
          id: "1",
          object: "chat.completion.chunk",
          created: 1,
          model: "m",
          choices: [{ index: 0, delta, finish_reason }],
        };
        response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      };
      response.setHeader("content-type", "text/event-stream");
      if (body.includes("Wait.")) {
        response.on("close", () => {
          this.hungUp.resolve(undefined);
        });
        tell({ role: "assistant", content: "Waiting" });
        return;
      }
      if (last?.role === "tool") {
        for (const content of ["It is ", "late."]) tell({ content });
        tell({}, "stop");
      } else {
        tell({ tool_calls: [{ index: 0, id: "c1", type: "function", function: { name: "now", arguments: "{}" } }] });
        tell({}, "tool_calls");
      }
      const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
      response.end(
        `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage })}\n\ndata: [DONE]\n\n`,
      );
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Python loads AgentScope for each request: seconds, and more of them on a busy machine. */
const patienceMs = 120_000;

const environment = (): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? "/tmp",
});

const bodyOf = (said: string, more: object = {}): object => ({
  session_id: "s",
  user_id: "ada",
  input: [{ role: "user", content: [{ type: "text", text: said }] }],
  ...more,
});

it("says what is missing where AgentScope for Python is not installed", async () => {
  // Without its packages, Python finds only what it came with.
  await using app = pythonAgent({ python: ["python3", "-S"], env: environment() });
  await app.start();
  const response = jsonOf(await callHandler(app.handle, { path: "/process", body: bodyOf("Hi.", { stream: false }) }));
  expect(response).toMatchObject({
    status: "failed",
    error: { code: "unavailable", message: "This agent needs AgentScope 2: pip install agentscope" },
  });
});

describeWithPython("an agent of AgentScope for Python", ["agentscope"], (python) => {
  it(
    "answers with its tool, remembers the conversation, and is stopped",
    async () => {
      await using model = new ModelServer();
      const env = { ...environment(), OPENAI_BASE_URL: await model.start(), OPENAI_API_KEY: "none" };
      await using app = pythonAgent({ python: [python], env });
      await app.start();
      const ask = async (said: string): Promise<AgentResponse> =>
        jsonOf(
          await callHandler(app.handle, { path: "/process", body: bodyOf(said, { stream: false }) }),
        ) as AgentResponse;

      const first = await ask("What time is it?");
      expect(first.status).toBe("completed");
      expect(first.output?.map(({ type }) => type)).toEqual(["plugin_call", "plugin_call_output", "message"]);
      expect(first.output?.at(1)?.content).toMatchObject([
        { data: { name: "now", output: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) } },
      ]);
      expect(first.output?.at(2)?.content).toMatchObject([{ text: "It is late." }]);
      expect(first.usage).toMatchObject({ input_tokens: 20, output_tokens: 10 });

      await ask("And now?");
      expect(JSON.stringify(model.prompts[2])).toMatch(/What time is it\?.*It is late\..*And now\?/);

      const events = eventsOf(await callHandler(app.handle, { path: "/process", body: bodyOf("Wait.", { id: "r3" }) }));
      for await (const event of events) if (event.object === "content") break;
      // The model's server hears of it when the process is gone.
      expect(jsonOf(await callHandler(app.handle, { path: "/runs/r3/cancel" }))).toMatchObject({ status: "canceled" });
      await model.hungUp.promise;
    },
    patienceMs,
  );

  it(
    "is served on a port",
    async () => {
      await using model = new ModelServer();
      const env = { PYTHON: python, OPENAI_BASE_URL: await model.start() };
      await using app = await startApp({ entry: new URL("./main.ts", import.meta.url), env });
      const answer = await fetch(`${app.url}/process`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(bodyOf("What time is it?", { stream: false })),
      });
      expect(await answer.json()).toMatchObject({ status: "completed" });
      app.kill("SIGTERM");
      expect(await app.ended).toMatchObject({ exit: 0 });
    },
    patienceMs,
  );
});
