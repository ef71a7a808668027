import { createClient } from "@agentscope-runtime/client";
import {
  describeWithPostgres,
  describeWithRedis,
  startPostgres,
  startRedis,
} from "@agentscope-runtime-tooling/services";
import type { TestServer } from "@agentscope-runtime-tooling/services";
import { eventually } from "@agentscope-runtime/services/testing";
import { startReplicas } from "./replicas.ts";

const clients = 20;

async function expectNothingLost(server: TestServer): Promise<void> {
  await using replicas = await startReplicas(server.url);
  const urls = replicas.processes.map(({ url }) => url);
  const seen = new Map<number, number>();
  const reading = Array.from({ length: clients }, async (_, index) => {
    const client = createClient({
      baseUrl: urls[index % urls.length] ?? "",
      retry: { maxRetries: 40, maxDelayMs: 1_000 },
    });
    const order = JSON.stringify({ pieces: 300, intervalMs: 20 });
    const numbers: (number | null)[] = [];
    let last: unknown;
    for await (const event of client.run({ input: order, session_id: `s${index}`, on_disconnect: { grace: 60_000 } })) {
      numbers.push(event.sequence_number);
      seen.set(index, numbers.length);
      last = event;
    }
    return { numbers, last };
  });
  await eventually(() => seen.size === clients && [...seen.values()].every((count) => count > 20));
  await server.restart();
  for (const { numbers, last } of await Promise.all(reading)) {
    expect(last).toMatchObject({ object: "response", status: "completed" });
    expect(numbers).toEqual([...numbers.keys()]);
    expect(numbers).toHaveLength(306);
  }
  // And new ones begin.
  const client = createClient({ baseUrl: urls[0] ?? "" });
  expect(await client.query({ input: JSON.stringify({ pieces: 2 }) })).toMatchObject({ status: "completed" });
}

describeWithPostgres("a Postgres that is restarted under load", () => {
  it("loses nothing: every run goes on, and every client gets all of it", async () => {
    await using server = await startPostgres();
    await expectNothingLost(server);
  }, 120_000);
});

describeWithRedis("a Redis that is restarted under load", () => {
  it("loses nothing: every run goes on, and every client gets all of it", async () => {
    await using server = await startRedis();
    await expectNothingLost(server);
  }, 120_000);
});
