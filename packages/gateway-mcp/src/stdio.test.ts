import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "@agentscope-runtime/services/testing";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { Client as ClientOf2025 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as TransportOf2025 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";

/** A program that speaks MCP over stdio: an agent that pays when it may, one that waits, and a tool. */
const program = `
  import { appendFileSync } from "node:fs";
  import { AgentApp } from "@agentscope-runtime/core";
  import { mcpGateway } from "@agentscope-runtime/gateway-mcp";
  import { createToolbox, defineTool } from "@agentscope-runtime/tools";
  import { z } from "zod";
  const note = (line) => appendFileSync(process.env.NOTES, line + "\\n");
  const add = defineTool({
    name: "add", description: "Adds.", input: z.object({ a: z.number(), b: z.number() }), run: ({ a, b }) => String(a + b),
  });
  const gateway = mcpGateway({ tools: createToolbox(add) });
  const app = new AgentApp({
    agents: {
      payer: ({ input }, { isApproved, identity }) => {
        if (input.some(({ type }) => type === "mcp_approval_response"))
          return identity.userId + (isApproved("pay", {}) ? " paid." : " has not paid.");
        return [{ type: "approval.request", id: "a1", name: "pay", arguments: {} }];
      },
      waiter: async function* (_request, { signal }) {
        yield "waiting";
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        note("stopped");
      },
    },
    gateways: [gateway],
    afterFinish: () => note("finished"),
  });
  await app.start();
  const client = gateway.openStdio({ identity: { userId: "ada" } });
  await client.closed;
  await app.close();
`;

interface Started {
  readonly server: { command: string; args: string[]; cwd: string; env: Record<string, string> };
  /** What the program has noted. */
  readonly notes: () => Promise<readonly string[]>;
}

async function withProgram(use: (started: Started) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-stdio-"));
  const file = join(folder, "notes");
  await writeFile(file, "");
  const args = ["--conditions=@agentscope-runtime/source", "--input-type=module", "-e", program];
  const cwd = fileURLToPath(new URL("..", import.meta.url)); // Where the packages are found.
  const env = { NODE_NO_WARNINGS: "1", NOTES: file };
  const notes = async () => (await readFile(file, "utf8")).split("\n").filter((line) => line !== "");
  try {
    await use({ server: { command: process.execPath, args, cwd, env }, notes });
  } finally {
    await rm(folder, { recursive: true });
  }
}

const info = { name: "test", version: "1.0.0" };
const capabilities = { elicitation: {} };
const yes = { action: "accept" as const, content: { approve: true } };

interface Connected {
  readonly call: (name: string, given: Record<string, unknown>, options?: Calling) => Promise<unknown>;
  readonly names: () => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

interface Calling {
  readonly signal?: AbortSignal;
  readonly onprogress?: () => void;
}

async function connectOf2025({ server }: Started): Promise<Connected> {
  const client = new ClientOf2025(info, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, () => yes);
  await client.connect(new TransportOf2025(server));
  return {
    call: async (name, given, options) => client.callTool({ name, arguments: given }, undefined, options),
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    close: async () => client.close(),
  };
}

async function connectOf2026({ server }: Started): Promise<Connected> {
  const client = new Client(info, { capabilities, versionNegotiation: { mode: { pin: "2026-07-28" } } });
  client.setRequestHandler("elicitation/create", () => yes);
  await client.connect(new StdioClientTransport(server));
  return {
    call: async (name, given, options) => client.callTool({ name, arguments: given }, options),
    names: async () => (await client.listTools()).tools.map(({ name }) => name),
    close: async () => client.close(),
  };
}

describe.each([
  ["2025", connectOf2025],
  ["2026", connectOf2026],
])("an app behind a client of %s, over stdio", (_version, connect) => {
  it("has its agents and tools there, asks for approvals, stops what is canceled, and ends with its client", async () => {
    await withProgram(async (started) => {
      const client = await connect(started);
      expect(await client.names()).toEqual(["payer", "waiter", "add"]);
      expect(await client.call("add", { a: 1, b: 2 })).toMatchObject({ content: [{ text: "3" }] });
      expect(await client.call("add", { a: "1" })).toMatchObject({ isError: true });
      expect(await client.call("payer", { message: "Pay" })).toMatchObject({ content: [{ text: "ada paid." }] });
      const stop = new AbortController();
      const onprogress = (): void => {
        stop.abort();
      };
      const waiting = client.call("waiter", { message: "Wait" }, { signal: stop.signal, onprogress });
      await expect(waiting).rejects.toThrow(/abort/i);
      const noted = async (line: string) => ((await started.notes()).includes(line) ? true : undefined);
      expect(await eventually(async () => noted("stopped"))).toBe(true);
      await client.close();
      expect(await eventually(async () => noted("finished"))).toBe(true);
    });
  });
});
