import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { Role, TaskState } from "@a2a-js/sdk";
import type { SendMessageRequest, StreamResponse, Task } from "@a2a-js/sdk";
import { ClientFactory } from "@a2a-js/sdk/client";
import type { Client } from "@a2a-js/sdk/client";
import { GrpcTransportFactory } from "@a2a-js/sdk/client/grpc";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions, QueryHandler } from "@agentscope-runtime/core";
import { describeGateway } from "@agentscope-runtime/core/testing";
import type { GatewayAnswer, GatewayQuestion } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { credentials, makeClientConstructor, Metadata, status as statuses } from "@grpc/grpc-js";
import { eventually } from "@agentscope-runtime/services/testing";
import { a2aGateway } from "../index.ts";
import { grpcBinding } from "./index.ts";

function toRequest(text: string, more: { taskId?: string; tenant?: string } = {}): SendMessageRequest {
  const { taskId = "", tenant = "" } = more;
  const content = { $case: "text" as const, value: text };
  return {
    tenant,
    message: {
      messageId: crypto.randomUUID(),
      contextId: "",
      taskId,
      role: Role.ROLE_USER,
      parts: [{ content, metadata: undefined, filename: "", mediaType: "" }],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
    configuration: undefined,
    metadata: undefined,
  };
}

async function clientOf(url: string): Promise<Client> {
  const factory = new ClientFactory({ transports: [new GrpcTransportFactory()], preferredTransports: ["GRPC"] });
  // The port is told by the card, and it is open a moment after the app is.
  return eventually(async () => {
    const client = await factory.createFromUrl(url).catch(() => undefined);
    const card = await client?.getAgentCard();
    const grpc = card?.supportedInterfaces.find(({ protocolBinding }) => protocolBinding === "GRPC");
    return grpc?.url.endsWith(":0") === true ? undefined : client;
  });
}

const httpStatuses: Readonly<Record<number, number>> = { 16: 401, 8: 429, 5: 404, 3: 400, 12: 400 };

/** The status that HTTP would have for what the client throws. */
function withStatus(thrown: unknown): Error {
  const error = thrown as Error & { code?: number; cause?: { code?: number; details?: string } };
  const { code, details = "" } = error.cause ?? {};
  const status = details.includes("larger than max") ? 413 : httpStatuses[code ?? -1];
  return Object.assign(error, { status });
}

function textOf(parts: NonNullable<Task["artifacts"]>[number]["parts"]): string {
  return parts.map(({ content }) => (content?.$case === "text" ? content.value : "")).join("");
}

async function* piecesOf(events: AsyncIterable<StreamResponse>): AsyncGenerator<string> {
  for await (const { payload } of events) {
    if (payload?.$case === "artifactUpdate") {
      const text = textOf(payload.value.artifact?.parts ?? []);
      if (text !== "") yield text;
    }
    if (payload?.$case === "statusUpdate" && payload.value.status?.message !== undefined)
      throw new Error(textOf(payload.value.status.message.parts));
  }
}

async function ask({ url, text, stream = true, apiKey, signal }: GatewayQuestion): Promise<GatewayAnswer> {
  const client = await clientOf(url);
  const options = {
    ...(signal && { signal }),
    ...(apiKey !== undefined && { serviceParameters: { authorization: `Bearer ${apiKey}` } }),
  };
  try {
    if (!stream) {
      const result = await client.sendMessage(toRequest(text), options);
      if (!("status" in result)) throw new Error("A task was expected.");
      if (result.status?.message !== undefined) throw new Error(textOf(result.status.message.parts));
      const whole = result.artifacts.map(({ parts }) => textOf(parts)).join("");
      return {
        pieces: (async function* () {
          yield whole;
        })(),
      };
    }
    const events = client.sendMessageStream(toRequest(text), options);
    const first = await events.next();
    if (first.done === true || first.value.payload?.$case !== "task") throw new Error("The task has to come first.");
    const { id } = first.value.payload.value;
    return {
      pieces: piecesOf(events),
      cancel: async () => void (await client.cancelTask({ tenant: "", id, metadata: undefined }, options)),
    };
  } catch (thrown) {
    throw withStatus(thrown);
  }
}

describeGateway("A2A 1.0 over gRPC", {
  gateway: () => a2aGateway({ onDisconnect: "cancel", bindings: [grpcBinding({ port: 0 })] }),
  serve: async (app) => serve(app, { port: 0, closeOnSignals: false, drainMs: 100 }),
  ask,
});

async function open(query: QueryHandler, options: Partial<AgentAppOptions> = {}) {
  const app = new AgentApp({ query, gateways: [a2aGateway({ bindings: [grpcBinding({ port: 0 })] })], ...options });
  return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
}

const echo: QueryHandler = ({ input }) => {
  const part = input.at(-1)?.content?.at(-1);
  return part?.type === "text" ? (part.text ?? "") : "";
};

it("has the same tasks as the other bindings", async () => {
  await using app = await open(echo);
  const client = await clientOf(app.url);
  const task = (await client.sendMessage(toRequest("hello"))) as Task;
  const found = await client.getTask({ tenant: "", id: task.id, historyLength: undefined });
  expect(found.artifacts.map(({ parts }) => textOf(parts))).toEqual(["hello"]);
  const { tasks } = await client.listTasks({
    tenant: "",
    contextId: task.contextId,
    status: TaskState.TASK_STATE_UNSPECIFIED,
    pageToken: "",
    statusTimestampAfter: undefined,
  });
  expect(tasks.map(({ id }) => id)).toEqual([task.id]);
  const reply = await fetch(`${app.url}/a2a/tasks/${task.id}`, { headers: { "a2a-version": "1.0" } });
  expect(await reply.json()).toMatchObject({ id: task.id, status: { state: "TASK_STATE_COMPLETED" } });
});

it("finds the agent that the tenant names, as its card says", async () => {
  const gateways = [a2aGateway({ bindings: [grpcBinding({ port: 0 })] })];
  const app = new AgentApp({ agents: { one: () => "I am one.", two: () => "I am two." }, gateways });
  await using server = await serve(app, { port: 0, closeOnSignals: false });
  const client = await clientOf(server.url);
  const answers = await Promise.all(
    ["one", "two"].map(async (tenant) => (await client.sendMessage(toRequest("?", { tenant }))) as Task),
  );
  expect(answers.map(({ artifacts }) => textOf(artifacts[0]?.parts ?? []))).toEqual(["I am one.", "I am two."]);
  await expect(client.sendMessage(toRequest("?", { tenant: "three" }))).rejects.toThrow(/three/);
  const card = await (await fetch(`${server.url}/agents/two/.well-known/agent-card.json`)).json();
  expect(card).toMatchObject({
    supportedInterfaces: expect.arrayContaining([
      expect.objectContaining({ protocolBinding: "GRPC", tenant: "two" }),
    ]) as unknown,
  });
});

const Raw = makeClientConstructor(A2AService, "A2A");

function disposable<T extends { close(): void }>(client: T): Disposable & { readonly client: T } {
  return {
    client,
    [Symbol.dispose]: () => {
      client.close();
    },
  };
}

it("tells errors with A2A's reason, as the SDK's client reads it", async () => {
  await using app = await open(echo);
  const client = await clientOf(app.url);
  await expect(client.getTask({ tenant: "", id: "no-such-task", historyLength: undefined })).rejects.toMatchObject({
    name: "TaskNotFoundError",
  });
  const card = await client.getAgentCard();
  const address = card.supportedInterfaces.find(({ protocolBinding }) => protocolBinding === "GRPC")?.url ?? "";
  using raw = disposable(new Raw(address, credentials.createInsecure()));
  const metadata = new Metadata();
  metadata.set("a2a-version", "7.0");
  const { promise, resolve } = Promise.withResolvers<unknown>();
  raw.client["sendMessage"]?.(toRequest("hi"), metadata, resolve);
  expect(await promise).toMatchObject({
    code: statuses.FAILED_PRECONDITION,
    details: expect.stringContaining("7.0") as string,
  });
});

it("asks a person by a task that waits, and goes on with the answer", async () => {
  await using app = await open(function* ({ input }) {
    if (input.some(({ type }) => type === "mcp_approval_response")) yield "Paid.";
    else yield { type: "approval.request", id: "a1", name: "pay", arguments: { amount: 7 } };
  });
  const client = await clientOf(app.url);
  const asked = (await client.sendMessage(toRequest("Pay."))) as Task;
  const answer = (await client.sendMessage(toRequest("approve", { taskId: asked.id }))) as Task;
  expect(textOf(answer.artifacts[0]?.parts ?? [])).toBe("Paid.");
});

it("knows only whose key it is", async () => {
  await using app = await open(({ user_id }) => user_id ?? "nobody", {
    authenticate: apiKeys({ "ada-key": { userId: "ada" }, "bob-key": { userId: "bob" } }),
  });
  const client = await clientOf(app.url);
  const as = (key: string) => ({ serviceParameters: { authorization: `Bearer ${key}` } });
  const task = (await client.sendMessage(toRequest("hi"), as("ada-key"))) as Task;
  const wanted = { tenant: "", id: task.id, historyLength: undefined };
  await expect(client.getTask(wanted, as("bob-key"))).rejects.toMatchObject({ name: "TaskNotFoundError" });
  expect((await client.getTask(wanted, as("ada-key"))).id).toBe(task.id);
});

it("says in the log when its port is taken, and the app goes on", async () => {
  await using taken = createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const said = Promise.withResolvers<string>();
  const logger = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (_: object, text: string) => said.resolve(text),
  };
  const gateways = [a2aGateway({ bindings: [grpcBinding({ port })] })];
  await using app = await serve(new AgentApp({ query: echo, gateways, logger }), { port: 0, closeOnSignals: false });
  expect(await said.promise).toContain(`127.0.0.1:${port}`);
  expect((await fetch(`${app.url}/health`)).status).toBe(200);
});
