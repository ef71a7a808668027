import { AgentApp } from "@agentscope-runtime/core";
import type { QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { AgentEvent } from "@agentscope-runtime/protocol";
import { eventually } from "@agentscope-runtime/services/testing";
import { createClient } from "./create-client.ts";
import { openScriptedServer, sendJson } from "./testing/scripted-server.ts";

const asked = { name: "pay", arguments: { amount: 7 } };

/** Asks twice, and then tells whether it may. */
const cashier: QueryHandler = async function* ({ input }, { isApproved }) {
  if (input.some(({ type }) => type === "mcp_approval_response")) {
    yield isApproved(asked.name, asked.arguments) ? "paid" : "not paid";
    return;
  }
  for (const id of ["a1", "a2"]) yield { type: "approval.request", id, ...asked };
};

function saying(text: string): object {
  return { object: "response", status: "completed", output: [{ content: [{ text }] }] };
}

describe("approvals", () => {
  it("are answered one by one, and the run that goes on is followed", async () => {
    await using server = await serve(new AgentApp({ query: cashier }), { port: 0, closeOnSignals: false });
    const client = createClient({ baseUrl: server.url });
    await client.query({ id: "r1", session_id: "s", input: "pay" });
    expect(await client.pendingApprovals("r1")).toEqual(["a1", "a2"]);
    const first = await client.decide({ runId: "r1", approvalId: "a1" }, { approve: true });
    expect(first).toEqual({ pending: ["a2"], runId: undefined });
    const last = await client.decide({ runId: "r1", approvalId: "a2" }, { approve: true, reason: "it is due" });
    expect(last).toEqual({ pending: [], runId: expect.any(String) as string });
    expect(await client.pendingApprovals("r1")).toEqual([]);
    const events: AgentEvent[] = await Array.fromAsync(client.resume(last.runId ?? ""));
    expect(events.map(({ sequence_number: number }) => number)).toEqual([...events.keys()]);
    expect(events.at(-1)).toMatchObject(saying("paid"));
    // The same answer again leads there again; another one does not.
    expect(await client.decide({ runId: "r1", approvalId: "a2" }, { approve: true })).toEqual(last);
    await expect(client.decide({ runId: "r1", approvalId: "a2" }, { approve: false })).rejects.toMatchObject({
      code: "conflict",
      details: { approve: true },
    });
    await expect(client.decide({ runId: "r1", approvalId: "a3" }, { approve: true })).rejects.toMatchObject({
      code: "not_found",
    });
  });

  it("begin a run that goes on when nobody follows it, unless it shall not", async () => {
    const goOn = Promise.withResolvers<string>();
    const query: QueryHandler = async function* ({ input }, { signal }) {
      if (input.some(({ type }) => type === "mcp_approval_response")) {
        const stopped = Promise.withResolvers<never>();
        signal.addEventListener("abort", () => {
          stopped.reject(signal.reason);
        });
        yield await Promise.race([goOn.promise, stopped.promise]);
      } else yield { type: "approval.request", id: "a1", ...asked };
    };
    await using server = await serve(new AgentApp({ query }), { port: 0, closeOnSignals: false });
    const client = createClient({ baseUrl: server.url });
    const decide = async (id: string, onDisconnect?: "cancel"): Promise<string> => {
      await client.query({ id, input: "pay" });
      const decided = await client.decide({ runId: id, approvalId: "a1" }, { approve: true, onDisconnect });
      return decided.runId ?? "";
    };
    const goesOn = await decide("r1");
    const ends = await decide("r2", "cancel");
    await eventually(async () => (await client.getRun(ends)).status === "canceled");
    expect(await client.getRun(goesOn)).toMatchObject({ status: "in_progress" });
    goOn.resolve("done");
    expect((await Array.fromAsync(client.resume(goesOn))).at(-1)).toMatchObject(saying("done"));
  });

  it("that a server answers with something else are its mistake", async () => {
    await using server = await openScriptedServer((reply) => {
      sendJson(reply, 202, { object: "approvals" });
    });
    const client = createClient({ baseUrl: server.url });
    await expect(client.pendingApprovals("r1")).rejects.toMatchObject({ code: "internal" });
    await expect(client.decide({ runId: "r1", approvalId: "a1" }, { approve: true })).rejects.toMatchObject({
      code: "internal",
    });
    expect(server.received[1]).toMatchObject({ method: "POST", url: "/runs/r1/approvals/a1" });
    expect(JSON.parse(server.received[1]?.body ?? "")).toEqual({ approve: true, on_disconnect: "continue" });
  });
});
