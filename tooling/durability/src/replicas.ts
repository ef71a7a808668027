import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startApp } from "@agentscope-runtime-tooling/testing";
import type { AppProcess } from "@agentscope-runtime-tooling/testing";
import { freshName } from "@agentscope-runtime-tooling/services";
import type { StoryOrder } from "./story-agent.ts";

const entry = new URL("replica.ts", import.meta.url);

/** Several replicas on one store, and what they have done to the world. */
export interface Replicas extends AsyncDisposable {
  readonly processes: readonly AppProcess[];
  /** Starts one more. */
  add(): Promise<AppProcess>;
  /** How often each effect has happened, by its name. */
  readonly effects: ReadonlyMap<string, number>;
}

export interface ReplicasOptions {
  /** Default 2. */
  readonly count?: number;
  /** How long a question waits for its answer. */
  readonly approvalMs?: number;
}

export async function startReplicas(store: string, { count = 2, approvalMs }: ReplicasOptions = {}): Promise<Replicas> {
  const effects = new Map<string, number>();
  const world = createServer((request, response) => {
    let name = "";
    request.setEncoding("utf8").on("data", (text: string) => (name += text));
    request.on("end", () => {
      effects.set(name, (effects.get(name) ?? 0) + 1);
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    world.listen(0, "127.0.0.1", resolve);
  });
  const { port } = world.address() as AddressInfo; // A string only for a pipe.
  const env = { STORE: store, NAMESPACE: freshName(), EFFECTS: `http://127.0.0.1:${port}/` };
  const moreEnv = approvalMs === undefined ? {} : { APPROVAL_MS: String(approvalMs) };
  const processes: AppProcess[] = [];
  const add = async (): Promise<AppProcess> => {
    const started = await startApp({ entry, env: { ...env, ...moreEnv } });
    processes.push(started);
    return started;
  };
  const dispose = async (): Promise<void> => {
    for (const process of processes) await process[Symbol.asyncDispose]();
    world.closeAllConnections();
    world.close();
  };
  try {
    // One after the other: the first one makes the tables.
    for (let index = 0; index < count; index += 1) await add();
    return { processes, effects, add, [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
}

/** A request's body that asks for a story. */
export function storyBody(order: StoryOrder, more: object = {}): string {
  const input = [{ role: "user", content: [{ type: "text", text: JSON.stringify(order) }] }];
  return JSON.stringify({ input, on_disconnect: "continue", ...more });
}

/** A request that asks for a story. */
export function storyRequest(order: StoryOrder, more: object = {}): RequestInit {
  const headers = { "content-type": "application/json" };
  return { method: "POST", headers, body: storyBody(order, more) };
}

/** Begins a story and leaves it to itself. */
export async function beginStory(
  url: string,
  order: StoryOrder,
  more: Readonly<Record<string, string>>,
): Promise<void> {
  const leaving = new AbortController();
  const answer = await fetch(`${url}/process`, { ...storyRequest(order, more), signal: leaving.signal });
  if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`);
  leaving.abort();
}

export async function jsonFrom(url: string): Promise<unknown> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
