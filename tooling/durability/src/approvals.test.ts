import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWithPostgres, describeWithRedis } from "@agentscope-runtime-tooling/services";
import type { AppProcess } from "@agentscope-runtime-tooling/testing";
import { createClient } from "@agentscope-runtime/client";
import type { AgentClient } from "@agentscope-runtime/client";
import { eventually } from "@agentscope-runtime/services/testing";
import { startReplicas } from "./replicas.ts";
import type { Replicas } from "./replicas.ts";

const timeoutMs = 120_000;
const approved = { approve: true };

function clientOf({ url }: AppProcess): AgentClient {
  return createClient({ baseUrl: url });
}

/** Asks on one replica, which is killed when the question is parked. */
async function askAndDie(asker: AppProcess, name: string): Promise<void> {
  const input = JSON.stringify({ ask: name });
  const parked = await clientOf(asker).query({ id: name, session_id: name, input });
  expect(parked).toMatchObject({ status: "completed", output: [{ type: "mcp_approval_request" }] });
  asker.kill("SIGKILL");
  await asker.ended;
}

/** Many decide at once, on all of these: it is one decision, the run goes on, and what was asked for is done once. */
async function expectOneDecision(replicas: Replicas, deciders: readonly AppProcess[], name: string): Promise<void> {
  const clients = Array.from({ length: 6 }, (_, index) => deciders[index % deciders.length]).flatMap((decider) =>
    decider === undefined ? [] : [clientOf(decider)],
  );
  const [client] = clients;
  if (client === undefined) throw new Error("Somebody decides.");
  const key = { runId: name, approvalId: name };
  expect(await client.pendingApprovals(name)).toEqual([name]);
  const decided = await Promise.all(clients.map(async (one) => one.decide(key, approved)));
  const [first] = decided;
  expect(decided).toEqual(decided.map(() => first));
  const runId = first?.runId ?? "";
  for (const one of clients) {
    const events = await Array.fromAsync(one.resume(runId));
    expect(events.map(({ sequence_number: number }) => number)).toEqual([...events.keys()]);
    expect(events.at(-1)).toMatchObject({ status: "completed", output: [{ content: [{ text: `did ${name} ` }] }] });
  }

  await expect(client.decide(key, { approve: false })).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringContaining("decided already") as string,
  });
  expect(await client.decide(key, approved)).toEqual(first);
  expect(replicas.effects.get(name)).toBe(1);
  const runs = await client.listRuns({ sessionId: name });
  expect(runs.items.map(({ id }) => id)).toEqual([runId, name]);
}

async function expectTooLate(client: AgentClient, replicas: Replicas, name: string): Promise<void> {
  const decision = client.decide({ runId: name, approvalId: name }, approved);
  await expect(decision).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringContaining("has expired") as string,
  });
  expect(replicas.effects.get(name)).toBeUndefined();
}

function describeApprovals(url: () => string): void {
  it(
    "is decided once on the others, and done once",
    async () => {
      await using replicas = await startReplicas(url(), { count: 3 });
      const [asker, ...deciders] = replicas.processes;
      if (asker === undefined) throw new Error("Three replicas were started.");
      await askAndDie(asker, "pay");
      await expectOneDecision(replicas, deciders, "pay");
    },
    timeoutMs,
  );

  it(
    "is not done again when the one that did it is killed as well, and the decision repeated",
    async () => {
      await using replicas = await startReplicas(url(), { count: 3 });
      const [asker, doer, last] = replicas.processes;
      if (asker === undefined || doer === undefined || last === undefined) throw new Error("Three were started.");
      await askAndDie(asker, "endless-pay");
      const key = { runId: "endless-pay", approvalId: "endless-pay" };
      const decided = await clientOf(doer).decide(key, approved);
      await eventually(() => replicas.effects.has("endless-pay"));
      doer.kill("SIGKILL");
      await doer.ended;
      const client = clientOf(last);
      await eventually(async () => (await client.getRun(decided.runId ?? "")).status === "failed", {
        timeoutMs: 15_000,
      });
      expect(await client.decide(key, approved)).toEqual(decided);
      await expect(client.decide(key, { approve: false })).rejects.toMatchObject({ code: "conflict" });
      expect(replicas.effects.get("endless-pay")).toBe(1);
    },
    timeoutMs,
  );

  it(
    "is refused when it comes too late",
    async () => {
      await using replicas = await startReplicas(url(), { approvalMs: 1 });
      const [asker, other] = replicas.processes;
      if (asker === undefined || other === undefined) throw new Error("Two replicas were started.");
      await askAndDie(asker, "pay");
      await expectTooLate(clientOf(other), replicas, "pay");
    },
    timeoutMs,
  );
}

describeWithPostgres("an approval on Postgres, whose replica is killed", describeApprovals);
describeWithRedis("an approval on Redis, whose replica is killed", describeApprovals);

describe("an approval on PGlite, whose process is killed and started again", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "agentscope-approvals-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it.each([
    ["is decided once, and done once", undefined],
    ["is refused when it comes too late", 1],
  ] as const)(
    "%s",
    async (_, approvalMs) => {
      await using replicas = await startReplicas(directory, { count: 1, ...(approvalMs && { approvalMs }) });
      const [asker] = replicas.processes;
      if (asker === undefined) throw new Error("One process was started.");
      await askAndDie(asker, "pay");
      const again = await replicas.add();
      if (approvalMs === undefined) await expectOneDecision(replicas, [again], "pay");
      else await expectTooLate(clientOf(again), replicas, "pay");
    },
    timeoutMs,
  );
});
