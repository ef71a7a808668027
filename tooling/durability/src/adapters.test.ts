import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithPostgres, freshName } from "@agentscope-runtime-tooling/services";
import { startApp } from "@agentscope-runtime-tooling/testing";
import type { AppProcess } from "@agentscope-runtime-tooling/testing";
import { createClient } from "@agentscope-runtime/client";
import type { AgentClient } from "@agentscope-runtime/client";
import type { AgentResponse } from "@agentscope-runtime/protocol";
import { eventually } from "@agentscope-runtime/services/testing";

const payers = [
  ["the AI SDK", new URL("payers/ai-sdk.ts", import.meta.url)],
  ["LangGraph", new URL("payers/langgraph.ts", import.meta.url)],
  ["the OpenAI Agents SDK", new URL("payers/openai-agents.ts", import.meta.url)],
  ["Mastra", new URL("payers/mastra.ts", import.meta.url)],
  ["AgentScope", new URL("payers/agentscope.ts", import.meta.url)],
] as const;

const approved = { approve: true };

describeWithPostgres("an agent whose process is killed,", (url) => {
  describe.each(payers)("one of %s,", (_, entry) => {
    let directory: string;
    let start: () => Promise<AppProcess>;
    let payments: () => Promise<string>;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), "agentscope-payments-"));
      const file = join(directory, "payments");
      await writeFile(file, "");
      payments = async () => readFile(file, "utf8");
      const env = { STORE: url(), NAMESPACE: freshName(), PAYMENTS: file };
      start = async () => startApp({ entry, env });
    });
    afterEach(() => rm(directory, { recursive: true, force: true }));

    it("goes on in the next process when a person allows what it has asked, and runs the tool once", async () => {
      await using first = await start();
      const key = await ask(first, "bob");
      await kill(first);
      expect(await payments()).toBe("");

      await using second = await start();
      const client = clientOf(second);
      expect(await client.pendingApprovals(key.runId)).toEqual([key.approvalId]);
      const [decided, again] = await Promise.all([client.decide(key, approved), client.decide(key, approved)]);
      expect(again).toEqual(decided);
      const response = await endOf(client, decided.runId);
      expect(response.status).toBe("completed");
      expect(said(response, "plugin_call_output")).toContain("paid bob");
      expect(said(response, "message")).toMatch(/^1 result: .*paid bob/);
      await expect(client.decide(key, { approve: false })).rejects.toMatchObject({ code: "conflict" });

      expect(await toldIn(second, "bob")).toMatch(/^1 result: .*paid bob/);
      expect(await payments()).toBe("bob\n");
    });

    it("does not run the tool again that was under way, and can be spoken to", async () => {
      await using first = await start();
      const key = await ask(first, "slow");
      const decided = await clientOf(first).decide(key, approved);
      await eventually(async () => (await payments()) !== "");
      await kill(first);

      await using second = await start();
      const client = clientOf(second);
      const { runId = "" } = decided;
      await eventually(async () => (await client.getRun(runId)).status === "failed");
      expect(await client.decide(key, approved)).toEqual(decided);
      expect(await toldIn(second, "slow")).toMatch(/^1 result: .*(No result|interrupted)/);
      expect(await payments()).toBe("slow\n");
    });
  });
});

function clientOf({ url }: AppProcess): AgentClient {
  return createClient({ baseUrl: url });
}

async function kill(process: AppProcess): Promise<void> {
  process.kill("SIGKILL");
  expect(await process.ended).toMatchObject({ exit: "SIGKILL" });
}

/** Asks for a payment in a run and a session of that name, and tells which question it waits with. */
async function ask(process: AppProcess, to: string): Promise<{ readonly runId: string; readonly approvalId: string }> {
  const { status, output } = await clientOf(process).query({ id: to, session_id: to, input: `Pay ${to}.` });
  expect(status).toBe("completed");
  const question = output?.at(-1);
  expect(question?.type).toBe("mcp_approval_request");
  const [part] = question?.content ?? [];
  return { runId: to, approvalId: String(part?.type === "data" ? part.data?.["id"] : undefined) };
}

/** What the model has been shown of the tool, when the conversation goes on. */
async function toldIn(process: AppProcess, session: string): Promise<string> {
  const response = await clientOf(process).query({ session_id: session, input: "What do you know?" });
  expect(response.status).toBe("completed");
  return said(response, "message");
}

async function endOf(client: AgentClient, runId = ""): Promise<AgentResponse> {
  const last = (await Array.fromAsync(client.resume(runId))).at(-1);
  if (last?.object !== "response") throw new Error("The run has no end.");
  return last;
}

/** All that a response has in messages of a type. */
function said({ output }: AgentResponse, type: string): string {
  const parts = (output ?? []).filter((message) => message.type === type).flatMap(({ content }) => content ?? []);
  return parts.map((part) => (part.type === "text" ? part.text : JSON.stringify(part))).join("");
}
