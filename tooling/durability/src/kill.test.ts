import type { Message } from "@agentscope-runtime/protocol";
import { describeWithPostgres, describeWithRedis } from "@agentscope-runtime-tooling/services";
import { eventually } from "@agentscope-runtime/services/testing";
import { beginStory, jsonFrom, startReplicas, storyRequest } from "./replicas.ts";

const runs = 50;
const tasks = 20;
const ids = Array.from({ length: runs }, (_, index) => `run_${index}`);

interface RunJson {
  readonly status: string;
  readonly event_count: number;
}

async function submitTask(url: string, name: string): Promise<string> {
  const body = JSON.stringify({ name });
  const answer = await fetch(`${url}/work`, { method: "POST", headers: { "content-type": "application/json" }, body });
  return ((await answer.json()) as { task_id: string }).task_id;
}

async function textOf(url: string, sessionId: string): Promise<string[]> {
  const { data } = (await jsonFrom(`${url}/sessions/${sessionId}/messages?limit=100`)) as { data: Message[] };
  return data.map(({ role, status }) => `${role} ${status}`);
}

async function expectNothingLost(store: string): Promise<void> {
  await using replicas = await startReplicas(store);
  const [doomed, other] = replicas.processes;
  if (doomed === undefined || other === undefined) throw new Error("Two replicas were started.");
  for (const id of ids) {
    await beginStory(doomed.url, { pieces: 10_000, intervalMs: 20, once: `once ${id}` }, { id, session_id: id });
  }
  // Two that wait for their turn behind the first one.
  for (const id of ["waiting_1", "waiting_2"]) {
    await beginStory(doomed.url, { pieces: 3 }, { id, session_id: "run_0" });
  }
  const taskIds = [];
  for (let task = 0; task < tasks; task += 1) taskIds.push(await submitTask(doomed.url, `task ${task}`));
  await eventually(() => ids.every((id) => replicas.effects.has(`once ${id}`)));
  for (const id of ids) {
    await eventually(async () => ((await jsonFrom(`${other.url}/runs/${id}`)) as RunJson).event_count > 3);
  }

  doomed.kill("SIGKILL");
  await doomed.ended;
  const killedAt = performance.now();
  for (const id of ids) {
    await eventually(async () => ((await jsonFrom(`${other.url}/runs/${id}`)) as RunJson).status === "failed", {
      timeoutMs: 15_000 - (performance.now() - killedAt),
    });
  }
  for (const id of ["waiting_1", "waiting_2"]) {
    await eventually(async () => ((await jsonFrom(`${other.url}/runs/${id}`)) as RunJson).status === "completed");
  }

  // Every task is done, some of them again.
  for (const [task, taskId] of taskIds.entries()) {
    await eventually(
      async () => ((await jsonFrom(`${other.url}/work/${taskId}`)) as { status: string }).status === "finished",
      { timeoutMs: 60_000 },
    );
    expect(replicas.effects.get(`task ${task}`)).toBeGreaterThanOrEqual(1);
  }

  // The whole of what was said stays in each session, and what must happen once is not done again.
  for (const id of ids) {
    if (id !== "run_0") expect(await textOf(other.url, id)).toEqual(["user created", "assistant incomplete"]);
    const again = storyRequest({ pieces: 1, once: `once ${id}` }, { session_id: id, stream: false });
    const answer = await fetch(`${other.url}/process`, again);
    expect(await answer.json()).toMatchObject({
      status: "completed",
      output: [{ content: [{ text: expect.stringMatching(/^(did|refused) once run_\d+ 0 $/) as string }] }],
    });
    expect(replicas.effects.get(`once ${id}`)).toBe(1);
  }
}

describeWithPostgres("two replicas on Postgres, one of them killed in the middle of 50 runs", (url) => {
  it("end every run within 15 seconds, do every task, tear no history, and do nothing twice", async () => {
    await expectNothingLost(url());
  }, 180_000);
});

describeWithRedis("two replicas on Redis, one of them killed in the middle of 50 runs", (url) => {
  it("end every run within 15 seconds, do every task, tear no history, and do nothing twice", async () => {
    await expectNothingLost(url());
  }, 180_000);
});
