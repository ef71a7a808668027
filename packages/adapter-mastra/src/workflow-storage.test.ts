import { InProcessSessionHistory, InProcessState } from "@agentscope-runtime/services";
import { Mastra } from "@mastra/core";
import type { WorkflowsStorage } from "@mastra/core/storage";
import { createStep, createWorkflow } from "@mastra/core/workflows";
import type { WorkflowRunState } from "@mastra/core/workflows";
import { z } from "zod";
import { toMastraStorage } from "./to-mastra-storage.ts";

interface Services {
  readonly sessions: InProcessSessionHistory;
  readonly state: InProcessState;
}

const newServices = (): Services => ({ sessions: new InProcessSessionHistory(), state: new InProcessState() });

async function runsOf(services: Services): Promise<WorkflowsStorage> {
  const runs = await toMastraStorage(services).getStore("workflows");
  if (runs === undefined) throw new Error("The storage has no workflows.");
  return runs;
}

/** An app of Mastra's as a new process makes it, with a workflow that waits for a word. */
function appOf(services: Services, done: string[]): Mastra {
  const begin = createStep({
    id: "begin",
    inputSchema: z.object({ to: z.string() }),
    outputSchema: z.object({ to: z.string() }),
    execute: async ({ inputData }) => {
      done.push(`begin ${inputData.to}`);
      return inputData;
    },
  });
  const wait = createStep({
    id: "wait",
    inputSchema: z.object({ to: z.string() }),
    outputSchema: z.object({ said: z.string() }),
    suspendSchema: z.object({}),
    resumeSchema: z.object({ word: z.string() }),
    execute: async ({ inputData, resumeData, suspend }) => {
      if (resumeData === undefined) {
        await suspend({});
        return { said: "" };
      }
      done.push(`wait ${inputData.to}`);
      return { said: `${resumeData.word}, ${inputData.to}` };
    },
  });
  const greet = createWorkflow({
    id: "greet",
    inputSchema: z.object({ to: z.string() }),
    outputSchema: z.object({ said: z.string() }),
  })
    .then(begin)
    .then(wait)
    .commit();
  return new Mastra({ workflows: { greet }, storage: toMastraStorage(services), logger: false });
}

const snapshotOf = (runId: string, status: WorkflowRunState["status"] = "running"): WorkflowRunState => ({
  runId,
  status,
  value: {},
  context: {} as WorkflowRunState["context"],
  serializedStepGraph: [],
  activePaths: [],
  activeStepsPath: {},
  suspendedPaths: {},
  resumeLabels: {},
  waitingPaths: {},
  timestamp: 1,
});

describe("the runs of Mastra in our services", () => {
  it("go on in another process, without doing again what was done", async () => {
    const services = newServices();
    const done: string[] = [];
    const first = await appOf(services, done).getWorkflow("greet").createRun({ runId: "r1" });
    expect(await first.start({ inputData: { to: "Ada" } })).toMatchObject({ status: "suspended" });
    const again = await appOf(services, done).getWorkflow("greet").createRun({ runId: "r1" });
    const result = await again.resume({ step: "wait", resumeData: { word: "Hello" } });
    expect(result).toMatchObject({ status: "success", result: { said: "Hello, Ada" } });
    expect(done).toEqual(["begin Ada", "wait Ada"]);
  });

  it("lose no step's result when steps end at once in several processes", async () => {
    const services = newServices();
    const runs = await runsOf(services);
    await runs.persistWorkflowSnapshot({ workflowName: "w", runId: "r1", snapshot: snapshotOf("r1") });
    const steps = Array.from({ length: 10 }, (_, index) => `s${index}`);
    await Promise.all(
      steps.map(async (stepId) => {
        const result = { status: "success" as const, output: stepId, payload: {}, startedAt: 1, endedAt: 2 };
        await (
          await runsOf(services)
        ).updateWorkflowResults({ workflowName: "w", runId: "r1", stepId, result, requestContext: {} });
      }),
    );
    const snapshot = await runs.loadWorkflowSnapshot({ workflowName: "w", runId: "r1" });
    expect(Object.keys(snapshot?.context ?? {}).toSorted()).toEqual(steps);
  });

  it("change their state only from the one that is expected", async () => {
    const runs = await runsOf(newServices());
    const key = { workflowName: "w", runId: "r1" };
    expect(await runs.updateWorkflowState({ ...key, opts: { status: "running" } })).toBeUndefined();
    await runs.persistWorkflowSnapshot({ ...key, snapshot: snapshotOf("r1", "suspended") });
    const claims = await Promise.all(
      [1, 2, 3].map(async () =>
        runs.updateWorkflowState({ ...key, opts: { status: "running", expectedStatus: "suspended" } }),
      ),
    );
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
    expect((await runs.listWorkflowRuns({ status: "running" })).total).toBe(1);
  });

  it("are listed by workflow, state and resource, newest first, and forgotten when they are deleted", async () => {
    const runs = await runsOf(newServices());
    for (const [index, runId] of ["a", "b", "c"].entries()) {
      const status = index === 0 ? "suspended" : "success";
      const createdAt = new Date(1000 + index);
      await runs.persistWorkflowSnapshot({
        workflowName: "w",
        runId,
        resourceId: index < 2 ? "ada" : "bob",
        snapshot: snapshotOf(runId, status),
        createdAt,
      });
    }
    await runs.persistWorkflowSnapshot({
      workflowName: "other",
      runId: "d",
      snapshot: snapshotOf("d"),
      createdAt: new Date(2000),
    });
    const idsOf = async (filter?: Parameters<WorkflowsStorage["listWorkflowRuns"]>[0]): Promise<string[]> =>
      (await runs.listWorkflowRuns(filter)).runs.map(({ runId }) => runId);
    expect(await idsOf()).toEqual(["d", "c", "b", "a"]);
    expect(await idsOf({ workflowName: "w", resourceId: "ada" })).toEqual(["b", "a"]);
    expect(await idsOf({ status: "suspended" })).toEqual(["a"]);
    expect(await idsOf({ fromDate: new Date(1001), toDate: new Date(1002) })).toEqual(["c", "b"]);
    expect(await runs.listWorkflowRuns({ workflowName: "w", page: 1, perPage: 2 })).toMatchObject({
      total: 3,
      runs: [{ runId: "a" }],
    });
    expect(await runs.getWorkflowRunById({ runId: "b" })).toMatchObject({
      workflowName: "w",
      resourceId: "ada",
      createdAt: new Date(1001),
    });
    await runs.deleteWorkflowRunById({ workflowName: "w", runId: "b" });
    expect(await runs.getWorkflowRunById({ runId: "b", workflowName: "w" })).toBeNull();
    expect(await idsOf({ workflowName: "w" })).toEqual(["c", "a"]);
  });
});
