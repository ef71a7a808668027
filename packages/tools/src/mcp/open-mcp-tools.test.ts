import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { describeContract, eventually } from "@agentscope-runtime/services/testing";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { McpServer as ServerOf2025 } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { z } from "zod";
import { callTool, resultText } from "../index.ts";
import type { ToolResult } from "../index.ts";
import { toolContract } from "../testing/index.ts";
import { openMcpTools } from "./index.ts";
import type { McpServer as ServerOptions, McpToolsOptions } from "./index.ts";

/** A program that is an MCP server, made of the library of 2025. It can be asked to die. */
function program(name: string, more = ""): ServerOptions {
  const code = `
    import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
    import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
    import { z } from "zod";
    const server = new McpServer({ name: "${name}", version: "1.0.0" });
    const text = (text) => ({ content: [{ type: "text", text }] });
    server.registerTool("echo", { description: "Says it again.", inputSchema: { text: z.string() } }, ({ text: said }) => text(said));
    server.registerTool("pid", { description: "Who it is.", annotations: { readOnlyHint: true } }, () => text(String(process.pid)));
    server.registerTool("die", { description: "Ends the program." }, () => process.exit(1));
    server.registerTool("fail", { description: "Fails." }, () => ({ ...text("no luck"), isError: true }));
    server.registerTool("env", { description: "Tells its environment." }, () => text(JSON.stringify(process.env)));
    server.registerTool("wait", { description: "Waits until it is stopped." }, async (extra) => {
      await extra.sendNotification({ method: "notifications/progress", params: { progressToken: extra._meta.progressToken, progress: 1, total: 2, message: "waiting" } });
      await new Promise((resolve) => extra.signal.addEventListener("abort", resolve));
      server.registerTool("stopped", { description: "It was stopped." }, () => text("yes"));
      return text("stopped");
    });
    ${more}
    await server.connect(new StdioServerTransport());`;
  return {
    command: process.execPath,
    args: ["--input-type=module", "-e", code],
    cwd: fileURLToPath(new URL("../..", import.meta.url)), // Where the libraries are found.
  };
}

async function open(servers: McpToolsOptions["servers"], more: Partial<McpToolsOptions> = {}) {
  return openMcpTools({ servers, ...more });
}

type Listener = (request: IncomingMessage, response: ServerResponse, body: unknown) => Promise<void>;

/** A port that is closed with all its connections. */
async function listen(listener: Listener, port = 0) {
  const server = createServer((request, response) => {
    (async () => {
      const chunks = await Array.fromAsync(request as AsyncIterable<Buffer>);
      const text = Buffer.concat(chunks).toString();
      await listener(request, response, text === "" ? undefined : JSON.parse(text));
    })().catch(() => response.destroy());
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${chosen}/mcp`,
    port: chosen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** The library of 2026 behind a port. */
function modern(make: () => McpServer): Listener {
  const { fetch } = createMcpHandler(make);
  return async (request, response, parsedBody) => {
    const gone = new AbortController();
    response.once("close", () => {
      gone.abort();
    });
    const headers = Object.entries(request.headers) as [string, string][]; // None of these is sent twice.
    const asked = new Request("http://test/mcp", { method: request.method ?? "GET", headers, signal: gone.signal });
    const answer = await fetch(asked, { parsedBody });
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body === null) response.end();
    else await pipeline(Readable.fromWeb(answer.body), response);
  };
}

const text = (said: string) => ({ content: [{ type: "text" as const, text: said }] });

/** Sessions of the library of 2025, until they are forgotten. */
function sessionsOf2025(server: () => ServerOf2025) {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const listener: Listener = async (request, response, body) => {
    const id = request.headers["mcp-session-id"];
    let transport = typeof id === "string" ? sessions.get(id) : undefined;
    if (transport === undefined && id !== undefined) {
      response.writeHead(404).end();
      return;
    }
    if (transport === undefined) {
      const made = new StreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized: (session) => void sessions.set(session, made),
      });
      await server().connect(made);
      transport = made;
    }
    await transport.handleRequest(request, response, body);
  };
  return { sessions, listener };
}

describe("a tool of a program", () => {
  let tools: Awaited<ReturnType<typeof open>>;
  beforeAll(async () => {
    tools = await open({ it: program("it") });
  });
  afterAll(async () => tools[Symbol.asyncDispose]());
  describeContract("over stdio", toolContract, {
    create: () => ({
      tool: tools.get("echo"),
      good: { text: "hi" },
      bad: { arguments: { text: 7 }, field: "text" },
    }),
  });

  it("keeps the server's schema and description", () => {
    expect(tools.get("echo")).toMatchObject({
      description: "Says it again.",
      inputSchema: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
      readOnly: false,
    });
    expect(tools.get("pid").readOnly).toBe(true);
  });

  it("tells truthfully that it has failed", async () => {
    expect(await tools.call("fail", {})).toEqual({ content: [{ type: "text", text: "no luck" }], isError: true });
  });

  it("is given nothing of our environment but what is harmless", async () => {
    await using other = await open({ it: { ...program("it"), env: { GIVEN: "yes" } } });
    const environment = JSON.parse(resultText(await other.call("env", {}))) as Record<string, string>;
    expect(Object.keys(environment)).toEqual(expect.arrayContaining(["GIVEN", "PATH"]));
    const harmless = ["GIVEN", "HOME", "LOGNAME", "PATH", "SHELL", "TERM", "USER"];
    expect(Object.keys(environment).filter((name) => !harmless.includes(name))).toEqual([]);
  });

  it("tells of progress, and the server learns of an abort; tools that come later are found", async () => {
    const stop = new AbortController();
    const updates: string[] = [];
    const call = tools.call(
      "wait",
      {},
      {
        signal: stop.signal,
        onUpdate: (update) => {
          updates.push(resultText(update));
          stop.abort(new Error("enough"));
        },
      },
    );
    await expect(call).rejects.toThrow("enough");
    expect(updates).toEqual(["waiting"]);
    // The server registers this one when it was stopped, and says that its tools have changed.
    await eventually(() => Promise.resolve([...tools].some(({ name }) => name === "stopped") || undefined));
    expect(resultText(await tools.call("stopped", {}))).toBe("yes");
  });

  it("is started again when the program has died, and a call that may have been done is not repeated", async () => {
    const before = resultText(await tools.call("pid", {}));
    expect(await tools.call("die", {})).toMatchObject({
      isError: true,
      content: [{ text: "The connection to MCP server it was lost: die may or may not have been done." }],
    });
    const after = resultText(await tools.call("pid", {}));
    expect(Number(after)).toBeGreaterThan(0);
    expect(after).not.toBe(before);
  });
});

it("calls again by itself what only looks, when the connection was lost meanwhile", async () => {
  const dying = `server.registerTool("look", { description: "Looks.", annotations: { readOnlyHint: true } }, async () => {
    const { existsSync, writeFileSync } = await import("node:fs");
    if (existsSync(process.env.MARK)) return text("seen");
    writeFileSync(process.env.MARK, "");
    process.exit(1);
  });`;
  const mark = `/tmp/mcp-tools-test-${crypto.randomUUID()}`;
  await using tools = await open({ it: { ...program("it", dying), env: { MARK: mark } } });
  expect(resultText(await tools.call("look", {}))).toBe("seen");
});

it("ends its programs when it is disposed", async () => {
  const tools = await open({ it: program("it") });
  const pid = Number(resultText(await tools.call("pid", {})));
  await tools[Symbol.asyncDispose]();
  await eventually(() => {
    try {
      process.kill(pid, 0);
    } catch {
      return Promise.resolve(true);
    }
    return Promise.resolve(undefined);
  });
  expect(await tools.call("pid", {})).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining("disposed") }],
  });
});

it("names the servers that cannot be reached, and has the tools of the others", async () => {
  const crashing = program("crashing", `console.error("no database"); process.exit(1);`);
  await using web = await listen(async (_request, response) => {
    response.writeHead(401).end();
    return Promise.resolve();
  });
  await using tools = await open({
    good: program("good"),
    missing: { command: "/no/such/program" },
    crashing,
    gone: { url: "http://127.0.0.1:1/mcp" },
    locked: { url: web.url },
  });
  expect([...tools].map(({ name }) => name)).toContain("echo");
  expect([...tools.problems.keys()].toSorted()).toEqual(["crashing", "gone", "locked", "missing"]);
  const told = Object.fromEntries([...tools.problems].map(([name, { message }]) => [name, message]));
  expect(told["missing"]).toContain("MCP server missing cannot be reached: check that `/no/such/program` starts");
  expect(told["crashing"]).toContain("no database");
  expect(told["gone"]).toContain("MCP server gone cannot be reached: check its url");
  expect(told["locked"]).toContain("MCP server locked refuses us: check its `headers`");
});

it("refuses a url that is none", async () => {
  await using tools = await open({ it: { url: "file:///etc/passwd" } });
  expect(tools.problems.get("it")).toMatchObject({ code: "invalid_argument", details: { field: "servers.it.url" } });
});

it("puts the server's name before tools that two servers have", async () => {
  const servers = {
    one: program("one"),
    "two words": program("two", `server.registerTool("only.here", {}, () => text("x"));`),
  };
  await using tools = await open(servers);
  const names = [...tools].map(({ name }) => name);
  expect(names).toContain("one_echo");
  expect(names).toContain("two_words_echo");
  expect(names).toContain("only_here");
  expect(resultText(await tools.call("only_here", {}))).toBe("x");
  await using prefixed = await open({ one: program("one") }, { prefix: "always" });
  expect([...prefixed].every(({ name }) => name.startsWith("one_"))).toBe(true);
});

describe("a server over HTTP", () => {
  const everything = (): McpServer => {
    const server = new McpServer({ name: "web", version: "1.0.0" });
    const content = [
      { type: "text" as const, text: "hi" },
      { type: "image" as const, data: "iVBORw0KGgo=", mimeType: "image/png" },
    ];
    server.registerTool("show", { description: "Shows.", inputSchema: z.object({ a: z.number() }) }, ({ a }) => ({
      content,
      structuredContent: { a },
    }));
    return server;
  };

  it("answers with images as images, and data as data", async () => {
    await using web = await listen(modern(everything));
    await using tools = await open({ web: { url: web.url } });
    expect(await tools.call("show", { a: 1 })).toEqual({
      content: [
        { type: "text", text: "hi" },
        { type: "image", data: "iVBORw0KGgo=", mediaType: "image/png" },
        { type: "data", data: { a: 1 } },
      ],
      isError: false,
    });
    expect(await tools.call("show", { a: "x" })).toMatchObject({ isError: true });
  });

  it("is sent the headers", async () => {
    const seen: unknown[] = [];
    const answer = modern(everything);
    await using web = await listen(async (request, response, body) => {
      seen.push(request.headers["authorization"]);
      return answer(request, response, body);
    });
    await using tools = await open({ web: { url: web.url, headers: { authorization: "Bearer key" } } });
    expect([...tools]).toHaveLength(1);
    expect(new Set(seen)).toEqual(new Set(["Bearer key"]));
  });

  it("learns of an abort, in the protocol of 2026", async () => {
    const stopped = Promise.withResolvers<undefined>();
    const make = (): McpServer => {
      const server = new McpServer({ name: "web", version: "1.0.0" });
      server.registerTool("wait", { description: "Waits." }, async (context) => {
        context.mcpReq.signal.addEventListener("abort", () => {
          stopped.resolve(undefined);
        });
        const { _meta: meta } = context.mcpReq;
        const { progressToken = "" } = meta ?? {};
        await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 1 } });
        await stopped.promise;
        return text("stopped");
      });
      return server;
    };
    await using web = await listen(modern(make));
    await using tools = await open({ web: { url: web.url } });
    const stop = new AbortController();
    const onUpdate = (): void => {
      stop.abort(new Error("enough"));
    };
    await expect(tools.call("wait", {}, { signal: stop.signal, onUpdate })).rejects.toThrow("enough");
    await stopped.promise;
  });

  it("may forget the session: the call begins a new one", async () => {
    const make = (): ServerOf2025 => {
      const server = new ServerOf2025({ name: "web", version: "1.0.0" });
      server.registerTool("hello", { description: "Greets." }, () => text("hello"));
      return server;
    };
    const { sessions, listener } = sessionsOf2025(make);
    await using web = await listen(listener);
    await using tools = await open({ web: { url: web.url } });
    expect(resultText(await tools.call("hello", {}))).toBe("hello");
    sessions.clear();
    expect(resultText(await tools.call("hello", {}))).toBe("hello");
    expect(sessions.size).toBe(1);
  });

  it("may be away for a while: calls say so, and work again when it is back", async () => {
    const first = await listen(modern(everything));
    await using tools = await open({ web: { url: first.url } });
    await first[Symbol.asyncDispose]();
    const away = await callTool(tools.get("show"), { a: 1 });
    expect(away).toMatchObject({ isError: true, content: [{ text: expect.stringContaining("cannot be reached") }] });
    await using second = await listen(modern(everything), first.port);
    expect(second.port).toBe(first.port);
    expect(resultText(await tools.call("show", { a: 1 }))).toContain("hi");
  });

  it("may be away at first: a refresh finds its tools", async () => {
    await using tools = await open({ web: { url: "http://127.0.0.1:1/mcp" } });
    expect([...tools]).toEqual([]);
    const placeholder = await listen(modern(everything));
    const { port, url } = placeholder;
    await placeholder[Symbol.asyncDispose]();
    await using late = await open({ web: { url } });
    expect([...late.problems.keys()]).toEqual(["web"]);
    await using web = await listen(modern(everything), port);
    expect(web.url).toBe(url);
    await late.refresh();
    expect([...late].map(({ name }) => name)).toEqual(["show"]);
    expect(late.problems.size).toBe(0);
  });

  it("may break an answer in the middle: the call ends, and says that nobody knows", async () => {
    let breaking: ServerResponse | undefined;
    const make = (): McpServer => {
      const server = new McpServer({ name: "web", version: "1.0.0" });
      server.registerTool("half", { description: "Begins." }, async (context) => {
        const { _meta: meta } = context.mcpReq;
        const { progressToken = "" } = meta ?? {};
        await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 1 } });
        await new Promise(() => undefined);
        return text("never");
      });
      return server;
    };
    const answer = modern(make);
    await using web = await listen(async (request, response, body) => {
      breaking = response;
      return answer(request, response, body);
    });
    await using tools = await open({ web: { url: web.url } });
    const result: ToolResult = await tools.call("half", {}, { onUpdate: () => breaking?.destroy() });
    expect(result).toMatchObject({
      isError: true,
      content: [{ text: "The connection to MCP server web was lost: half may or may not have been done." }],
    });
  });

  it("that takes too long is told of", async () => {
    const make = (): McpServer => {
      const server = new McpServer({ name: "web", version: "1.0.0" });
      server.registerTool("slow", { description: "Never answers." }, async () => new Promise(() => undefined));
      return server;
    };
    await using web = await listen(modern(make));
    await using tools = await open({ web: { url: web.url } }, { callMs: 50 });
    expect(await tools.call("slow", {})).toMatchObject({
      isError: true,
      content: [{ text: "MCP server web took too long to answer." }],
    });
  });
});
