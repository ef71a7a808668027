import { Readable } from "node:stream";
import { AgentApp } from "@agentscope-runtime/core";
import { serve, toExpress } from "@agentscope-runtime/express";
import { createToolbox, defineTool, resultText } from "@agentscope-runtime/tools";
import type { ToolContent, ToolResult } from "@agentscope-runtime/tools";
import { openMcpTools } from "@agentscope-runtime/tools/mcp";
import express from "express";
import { z } from "zod";
import { mcpGateway, mcpServer } from "./index.ts";

const everything: readonly ToolContent[] = [
  { type: "text", text: "hi" },
  { type: "image", data: "iVBORw0KGgo=", mediaType: "image/png" },
  { type: "file", data: "UklGRg==", mediaType: "audio/wav" },
  { type: "file", data: "YSxi", mediaType: "text/csv", filename: "a b.csv" },
  { type: "data", data: { a: [1] } },
];

const show = defineTool({
  name: "show",
  description: "Shows everything.",
  input: z.object({ loud: z.boolean().default(false) }),
  readOnly: true,
  run: (_input, { onUpdate }) => {
    onUpdate?.({ content: [{ type: "text", text: "almost" }], isError: false });
    return { content: everything, isError: false };
  },
});

/** A toolbox on a port of its own, as `docs/mcp.md` shows it. */
async function serveTools(server = mcpServer({ name: "box", tools: createToolbox(show) })) {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const listening = express()
    .use(toExpress(server.handle))
    .listen(0, "127.0.0.1", () => {
      resolve(undefined);
    });
  await promise;
  const address = listening.address();
  if (typeof address !== "object" || address === null) throw new Error("It does not listen.");
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    [Symbol.asyncDispose]: async () => {
      const closed = Promise.withResolvers<undefined>();
      listening.close(() => {
        closed.resolve(undefined);
      });
      listening.closeAllConnections();
      await closed.promise;
    },
  };
}

it("hands a toolbox on as it is, from one of ours to another", async () => {
  await using box = await serveTools();
  await using tools = await openMcpTools({ servers: { box: { url: box.url } } });
  expect([...tools]).toMatchObject([
    { name: "show", description: "Shows everything.", readOnly: true, inputSchema: show.inputSchema },
  ]);
  const updates: ToolResult[] = [];
  const result = await tools.call("show", {}, { onUpdate: (update) => updates.push(update) });
  expect(result).toEqual({ content: everything, isError: false });
  expect(updates.map(resultText)).toEqual(["almost"]);
  expect(await tools.call("show", { loud: 7 })).toMatchObject({ isError: true });
});

it("stops a tool when its caller does, and when its caller is gone", async () => {
  const stops: PromiseWithResolvers<undefined>[] = [Promise.withResolvers(), Promise.withResolvers()];
  let calls = 0;
  const wait = defineTool({
    name: "wait",
    description: "Waits.",
    input: z.object({}),
    run: async (_input, { signal, onUpdate }) => {
      const stopped = stops[calls];
      calls += 1;
      onUpdate?.({ content: [], isError: false });
      await new Promise((resolve) => signal?.addEventListener("abort", resolve));
      stopped?.resolve(undefined);
      throw signal?.reason;
    },
  });
  await using box = await serveTools(mcpServer({ name: "box", tools: createToolbox(wait) }));
  const tools = await openMcpTools({ servers: { box: { url: box.url } } });
  const stop = new AbortController();
  const onUpdate = (): void => {
    stop.abort(new Error("enough"));
  };
  await expect(tools.call("wait", {}, { signal: stop.signal, onUpdate })).rejects.toThrow("enough");
  await stops[0]?.promise;
  const gone = tools.call("wait", {}, { onUpdate: () => void tools[Symbol.asyncDispose]() });
  expect(await gone).toMatchObject({ isError: true });
  await stops[1]?.promise;
});

it("leaves other paths to the next handler, and refuses other methods", async () => {
  const { handle } = mcpServer({ name: "box", tools: [] });
  const signal = new AbortController().signal;
  const nothing = { search: "", headers: {}, signal, readJson: async () => Promise.resolve(undefined) };
  const ask = async (method: string, path: string) =>
    handle({ method, path, ...nothing, readBytes: () => Readable.from([]) as AsyncIterable<Uint8Array> });
  expect(await ask("POST", "/other")).toBeUndefined();
  expect(await ask("DELETE", "/mcp")).toMatchObject({ status: 405, headers: { allow: "POST, GET" } });
});

it("lets an agent use the agent of another app, and hears it speak", async () => {
  const other = new AgentApp({
    name: "poet",
    query: function* () {
      yield { type: "reasoning.delta", delta: "Something with roses." };
      yield "Roses ";
      yield "are red.";
    },
    gateways: [mcpGateway()],
  });
  await using server = await serve(other, { port: 0, closeOnSignals: false, drainMs: 100 });
  await using tools = await openMcpTools({ servers: { poems: { url: `${server.url}/mcp` } } });
  const heard: string[] = [];
  const onUpdate = (update: ToolResult): void => {
    heard.push(resultText(update));
  };
  const result = await tools.call("poet", { message: "A poem, please." }, { onUpdate });
  expect(resultText(result)).toBe("Roses are red.");
  expect(heard).toEqual(["Roses ", "Roses are red."]);
});

it("continues a conversation in the session that the caller names", async () => {
  const app = new AgentApp({
    query: ({ session_id: session, input }) => `${session}: ${input.length}`,
    gateways: [mcpGateway()],
  });
  await using server = await serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
  await using tools = await openMcpTools({ servers: { it: { url: `${server.url}/mcp` } } });
  const messages = [
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Hello" },
  ];
  expect(resultText(await tools.call("agent", { message: "So?", session_id: "tea", messages }))).toBe("tea: 3");
});
