import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { AgentExecutor } from "@a2a-js/sdk-0.3/server";
import { DefaultRequestHandler, InMemoryTaskStore } from "@a2a-js/sdk-0.3/server";
import { A2AExpressApp } from "@a2a-js/sdk-0.3/server/express";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { Server } from "@agentscope-runtime/express";
import { describeContract } from "@agentscope-runtime/services/testing";
import { callTool, resultText } from "@agentscope-runtime/tools";
import type { ToolResult } from "@agentscope-runtime/tools";
import { toolContract } from "@agentscope-runtime/tools/testing";
import express from "express";
import { a2aGateway, fetchA2aTool } from "./index.ts";

async function serving(query: QueryHandler, options: Partial<AgentAppOptions> = {}): Promise<Server> {
  const app = new AgentApp({
    name: "Weather, now!",
    description: "Knows the weather.",
    query,
    gateways: [a2aGateway()],
    stopGraceMs: 50,
    ...options,
  });
  return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
}

const echo: QueryHandler = function* ({ input }) {
  const part = input.at(-1)?.content?.[0];
  const said = part?.type === "text" ? part.text : "";
  yield "You said: ";
  yield said ?? "";
  if (said === "weather") yield { type: "incomplete", reason: "input_required" };
  if (said === "fail") throw new Error("secret");
};

describe("another agent as a tool", () => {
  const open: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
  });

  describeContract("the contract", toolContract, {
    create: async () => {
      const server = await serving(echo);
      open.push(server);
      return {
        tool: await fetchA2aTool({ url: server.url }),
        good: { message: "hi" },
        bad: { arguments: { message: 5 }, field: "message" },
      };
    },
  });

  it("is called as its card says, and answers as it comes", async () => {
    await using server = await serving(echo);
    const tool = await fetchA2aTool({ url: server.url });
    expect(tool.name).toBe("Weather_now");
    expect(tool.description).toContain("Knows the weather.");
    const updates: string[] = [];
    const result = await callTool(
      tool,
      { message: "hi" },
      { onUpdate: (update) => void updates.push(resultText(update)) },
    );
    expect(updates).toEqual(expect.arrayContaining(["You said: ", "You said: hi"]));
    expect(result).toEqual({
      isError: false,
      content: [
        { type: "text", text: "You said: hi" },
        { type: "data", data: { task_id: expect.any(String), context_id: expect.any(String), state: "completed" } },
      ],
    });
  });

  it("says how to answer when it asks back, and goes on with the same task", async () => {
    await using server = await serving(echo);
    const tool = await fetchA2aTool({ url: server.url, name: "weather" });
    const asked = await callTool(tool, { message: "weather" });
    expect(resultText(asked)).toContain("Call weather again with this task_id");
    const ids = asked.content.at(-1) as { readonly data: { readonly task_id: string } };
    const done = await callTool(tool, { message: "Oslo", task_id: ids.data.task_id });
    expect(resultText(done)).toContain("You said: Oslo");
    expect(done.content.at(-1)).toMatchObject({ data: { task_id: ids.data.task_id, state: "completed" } });
    // Now it has ended, and says so.
    expect(await callTool(tool, { message: "more", task_id: ids.data.task_id })).toMatchObject({ isError: true });
  });

  it("tells a failure as one, and files as files", async () => {
    await using server = await serving(echo);
    const tool = await fetchA2aTool({ url: server.url });
    const failed = await callTool(tool, { message: "fail" });
    expect([failed.isError, resultText(failed)]).toEqual([true, expect.stringContaining("failed")]);
    expect(resultText(failed)).not.toContain("secret");
    await using painter = await serving(() => [
      { type: "content", content: { type: "image", image_url: "data:image/png;base64,iVBORw0KGgo=" } },
      { type: "content", content: { type: "file", file_url: "https://example.com/a.pdf", filename: "a.pdf" } },
      { type: "content", content: { type: "data", data: { a: 1 } } },
    ]);
    const { content } = await callTool(await fetchA2aTool({ url: painter.url }), { message: "paint" });
    expect(content.slice(0, 3)).toEqual([
      { type: "image", data: "iVBORw0KGgo=", mediaType: "image/png" },
      { type: "data", data: { url: "https://example.com/a.pdf", filename: "a.pdf" } },
      { type: "data", data: { a: 1 } },
    ]);
  });

  it("stops working when its answer is not wanted any more", async () => {
    const begun = Promise.withResolvers<undefined>();
    const stopped = Promise.withResolvers<unknown>();
    await using server = await serving(async function* (_request, { signal }) {
      yield "working";
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
        begun.resolve(undefined);
      });
      stopped.resolve(signal.reason);
    });
    const tool = await fetchA2aTool({ url: server.url });
    const leaving = new AbortController();
    const call = callTool(
      tool,
      { message: "go" },
      { signal: leaving.signal, onUpdate: () => void begun.promise.then(() => leaving.abort(new Error("enough"))) },
    );
    await expect(call).rejects.toThrow("enough");
    expect(await stopped.promise).toMatchObject({ code: "canceled" });
  });

  it("may not take for ever, nor say without end", async () => {
    await using server = await serving(async function* ({ input }, { signal }) {
      const part = input[0]?.content?.[0];
      if (part?.type === "text" && part.text === "talk")
        for (let index = 0; index < 100; index += 1) yield "word ".repeat(100);
      else await new Promise((resolve) => signal.addEventListener("abort", resolve));
    });
    const tool = await fetchA2aTool({ url: server.url, name: "slow", timeoutMs: 300, maxResultLength: 5_000 });
    expect(resultText(await callTool(tool, { message: "wait" }))).toContain("slow has not answered within 300 ms");
    expect(resultText(await callTool(tool, { message: "talk" }))).toContain("slow has said more than 5000 characters");
  });

  it("is told who calls", async () => {
    const authenticate = apiKeys({ key: { userId: "ada" } });
    await using server = await serving((_request, { identity }) => `Hello, ${identity.userId}.`, { authenticate });
    const known = await fetchA2aTool({ url: server.url, headers: { authorization: "Bearer key" } });
    expect(resultText(await callTool(known, { message: "hi" }))).toContain("Hello, ada.");
    const unknown = await fetchA2aTool({ url: server.url });
    expect(await callTool(unknown, { message: "hi" })).toMatchObject({ isError: true });
  });

  it("is not there when there is no card", async () => {
    await using server = await serving(echo);
    await expect(fetchA2aTool({ url: `${server.url}/agents/none` })).rejects.toMatchObject({ code: "unavailable" });
    await expect(fetchA2aTool({ url: "http://127.0.0.1:9" })).rejects.toMatchObject({ code: "unavailable" });
  });

  it("may speak A2A 0.3, and may not stream", async () => {
    const agent: AgentExecutor = {
      execute: async ({ userMessage, taskId, contextId }, bus) => {
        const [part] = userMessage.parts;
        const text = `heard ${part?.kind === "text" ? part.text : ""}`;
        const status = { state: "completed" as const, timestamp: new Date().toISOString() };
        const artifacts = [{ artifactId: "a", parts: [{ kind: "text" as const, text }] }];
        bus.publish({ kind: "task", id: taskId, contextId, status, artifacts, history: [userMessage] });
        bus.finished();
        return Promise.resolve();
      },
      cancelTask: async () => Promise.resolve(),
    };
    const own = express();
    const server = createServer(own);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const card = {
      name: "old",
      description: "An agent of 0.3.",
      url: `${url}/rpc`,
      protocolVersion: "0.3.0",
      version: "1",
      preferredTransport: "JSONRPC",
      capabilities: { streaming: false },
      defaultInputModes: ["text"],
      defaultOutputModes: ["text"],
      skills: [],
    };
    new A2AExpressApp(new DefaultRequestHandler(card, new InMemoryTaskStore(), agent)).setupRoutes(own, "/rpc");
    own.get("/.well-known/agent-card.json", (_request, response) => void response.json(card));
    const tool = await fetchA2aTool({ url });
    const result: ToolResult = await callTool(tool, { message: "hi" });
    expect(resultText(result)).toContain("heard hi");
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
