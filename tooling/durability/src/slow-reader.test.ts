import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { describeWithPostgres, describeWithRedis } from "@agentscope-runtime-tooling/services";
import { eventually } from "@agentscope-runtime/services/testing";
import { decodeEvents } from "@agentscope-runtime/protocol";
import { jsonFrom, startReplicas, storyBody } from "./replicas.ts";

const pieces = 2_000;
const size = 100_000;
const mib = 1024 * 1024;

/** Sends a request and reads nothing of its answer but the first bytes. */
async function askAndStopReading(url: string, text: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST /process HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  await once(socket, "data");
  return socket.pause();
}

async function expectNoCost(store: string): Promise<void> {
  await using replicas = await startReplicas(store, { count: 1 });
  const { url = "" } = replicas.processes[0] ?? {};
  const memory = async (): Promise<number> => {
    const { held } = (await jsonFrom(`${url}/memory`)) as { held: number };
    return held;
  };
  const before = await memory();
  let most = 0;
  await using reader = await askAndStopReading(url, storyBody({ pieces, size, replacing: true }, { id: "long" }));
  await eventually(
    async () => {
      most = Math.max(most, await memory());
      return ((await jsonFrom(`${url}/runs/long`)) as { status: string }).status === "completed";
    },
    { timeoutMs: 100_000, intervalMs: 100 },
  );
  // 200 MB went by, and nobody read them.
  expect(reader.isPaused()).toBe(true);
  expect(most - before).toBeLessThan(64 * mib);

  const answer = await fetch(`${url}/runs/long/events`);
  let number = -1;
  let length = 0;
  if (answer.body === null) throw new Error("The run has events.");
  for await (const event of decodeEvents(answer.body)) {
    number += 1;
    expect(event.sequence_number).toBe(number);
    if (event.object === "content" && event.type === "data") length += JSON.stringify(event.data).length;
  }
  expect(length).toBeGreaterThan(pieces * size);
}

describeWithPostgres("a reader that stops reading while a run says 200 MB, on Postgres", (url) => {
  it("costs no memory; the run ends, and all of it can be read afterwards", async () => {
    await expectNoCost(url());
  }, 180_000);
});

describeWithRedis("a reader that stops reading while a run says 200 MB, on Redis", (url) => {
  it("costs no memory; the run ends, and all of it can be read afterwards", async () => {
    await expectNoCost(url());
  }, 180_000);
});
