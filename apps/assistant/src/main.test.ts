import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeEvents } from "@agentscope-runtime/protocol";
import type { AgentEvent, Message } from "@agentscope-runtime/protocol";
import {
  describeWithPostgres,
  describeWithRedis,
  startPostgres,
  startRedis,
} from "@agentscope-runtime-tooling/services";
import type { TestServer } from "@agentscope-runtime-tooling/services";
import { startApp } from "@agentscope-runtime-tooling/testing";
import type { AppProcess } from "@agentscope-runtime-tooling/testing";
import { eventually } from "@agentscope-runtime/services/testing";

const entry = new URL("./main.ts", import.meta.url);
const directories: string[] = [];

/** A directory that is not there yet, as on a first start. */
function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "assistant-"));
  directories.push(directory);
  return join(directory, "data");
}

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** The assistant as a process, on a store of its own. */
async function startAssistant(env: Readonly<Record<string, string>> = {}): Promise<AppProcess> {
  return startApp({ entry, env: { AGENTSCOPE_DATA_DIR: freshDirectory(), ...env } });
}

/** Asks in a session, and returns what the session then holds, as "role: first words". */
async function talk(url: string, text: string): Promise<string[]> {
  const body = JSON.stringify({
    session_id: "s",
    user_id: "u",
    stream: false,
    input: [{ role: "user", content: [{ type: "text", text }] }],
  });
  const answer = await fetch(`${url}/process`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  expect(await answer.json()).toMatchObject({ status: "completed" });
  return said(url);
}

async function said(url: string): Promise<string[]> {
  const { data } = (await (await fetch(`${url}/sessions/s/messages?user_id=u`)).json()) as { data: Message[] };
  return data.flatMap(({ role, content }) => {
    const [part] = content ?? [];
    return role === "user" && part?.type === "text" ? [part.text ?? ""] : [];
  });
}

async function readiness(url: string): Promise<{ status: string; reasons: Record<string, string> }> {
  return (await (await fetch(`${url}/readiness`)).json()) as { status: string; reasons: Record<string, string> };
}

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
    await using app = await startAssistant();
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
    await using app = await startAssistant();
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
    await using app = await startAssistant();
    const events = await ask(app.url);
    await events.next();
    app.kill("SIGTERM");
    expect((await Array.fromAsync(events)).at(-1)).toMatchObject({ object: "response", status: "completed" });
    expect(await app.ended).toMatchObject({ exit: 0 });
  });

  it("asks the model that the environment names", async () => {
    await using model = await modelServer();
    await using app = await startAssistant({ OPENAI_BASE_URL: model.url, OPENAI_API_KEY: "secret", MODEL: "big" });
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
    await expect(startAssistant({ LOG_LEVEL: "loud" })).rejects.toThrow("LOG_LEVEL");
  });
});

describe("the assistant's memory", () => {
  it("keeps the conversation in a directory over a kill -9", async () => {
    const AGENTSCOPE_DATA_DIR = freshDirectory();
    const first = await startAssistant({ AGENTSCOPE_DATA_DIR });
    await talk(first.url, "First.");
    first.kill("SIGKILL");
    await first.ended;
    await using second = await startAssistant({ AGENTSCOPE_DATA_DIR });
    expect(await talk(second.url, "Second.")).toEqual(["First.", "Second."]);
  }, 60_000);

  it("belongs to one process at a time, and the second one is told in a sentence", async () => {
    const AGENTSCOPE_DATA_DIR = freshDirectory();
    await using first = await startAssistant({ AGENTSCOPE_DATA_DIR });
    const second = startAssistant({ AGENTSCOPE_DATA_DIR });
    await expect(second).rejects.toThrow(AGENTSCOPE_DATA_DIR);
    await expect(second).rejects.not.toThrow("    at ");
    expect(await talk(first.url, "Still there.")).toEqual(["Still there."]);
  }, 60_000);

  it("says what to do about a directory that is damaged, and stays up", async () => {
    const AGENTSCOPE_DATA_DIR = freshDirectory();
    const first = await startAssistant({ AGENTSCOPE_DATA_DIR });
    await talk(first.url, "First.");
    first.kill("SIGTERM");
    await first.ended;
    writeFileSync(join(AGENTSCOPE_DATA_DIR, "data/global/pg_control"), "damaged");
    await using second = await startAssistant({ AGENTSCOPE_DATA_DIR });
    const { reasons } = await eventually(async () => {
      const answer = await readiness(second.url);
      return answer.reasons["runs"]?.includes("damaged") === true && answer;
    });
    expect(reasons["runs"]).toContain("Put a backup in its place");
    expect((await fetch(`${second.url}/liveness`)).status).toBe(200);
  }, 60_000);
});

/** Starts while the server is away, and goes on when it is there; then loses it, and goes on again. */
async function outliveItsServer(server: TestServer, env: Readonly<Record<string, string>>): Promise<void> {
  await server.stop();
  await using app = await startAssistant(env);
  const { status, reasons } = await eventually(async () => {
    const answer = await readiness(app.url);
    return answer.reasons["runs"]?.includes("reached") === true && answer;
  });
  expect([status, Object.keys(reasons)]).toEqual(["not_ready", ["runs"]]);
  await server.start();
  await eventually(async () => (await readiness(app.url)).status === "ready", { timeoutMs: 20_000 });
  await talk(app.url, "First.");
  await server.restart();
  expect(await eventually(async () => talk(app.url, "Second.").catch(() => false as const))).toContain("First.");
}

describeWithPostgres("the assistant on Postgres", () => {
  it("starts without it, says so, and keeps its conversation over a restart of both", async () => {
    await using server = await startPostgres();
    await outliveItsServer(server, { DATABASE_URL: server.url });
    await using again = await startAssistant({ DATABASE_URL: server.url });
    expect(await said(again.url)).toContain("First.");
  }, 90_000);
});

describeWithRedis("the assistant on Redis", () => {
  it("starts without it, says so, and keeps its conversation over a restart of both", async () => {
    await using server = await startRedis();
    await outliveItsServer(server, { REDIS_URL: server.url });
    await using again = await startAssistant({ REDIS_URL: server.url });
    expect(await said(again.url)).toContain("First.");
  }, 90_000);
});
