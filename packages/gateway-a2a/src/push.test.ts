import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { AgentApp } from "@agentscope-runtime/core";
import type { QueryHandler } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { Server } from "@agentscope-runtime/express";
import { eventually } from "@agentscope-runtime/services/testing";
import * as jose from "jose";
import { createGuard } from "./guarded-request.ts";
import { a2aGateway } from "./index.ts";
import type { A2aGatewayOptions } from "./index.ts";

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A webhook: answers as it is told, by path, and keeps what it gets. */
async function openReceiver(answers: Readonly<Record<string, (received: Received) => object>> = {}) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { method = "", url = "", headers } = request;
      const one = { method, url, headers, body };
      received.push(one);
      const { status = 204, ...more } = (answers[url.split("?", 1)[0] ?? ""]?.(one) ?? {}) as {
        status?: number;
        headers?: Record<string, string>;
        text?: string;
      };
      response.writeHead(status, more.headers).end(more.text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    received,
    /** What came, once it is so much. */
    arrived: async (count: number) => eventually(() => (received.length >= count ? received : undefined)),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const local = { push: { allowedHosts: ["127.0.0.1"] } };

async function serving(query: QueryHandler, a2a: A2aGatewayOptions = local): Promise<Server> {
  const app = new AgentApp({ query, gateways: [a2aGateway(a2a)], stopGraceMs: 50 });
  return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
}

async function rpc(
  { url }: Server,
  method: string,
  params: object,
  version = "1.0",
): Promise<{ result?: never; error?: { code: number } }> {
  const headers = { "content-type": "application/json", "a2a-version": version };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  return (await (await fetch(`${url}/a2a`, { method: "POST", headers, body })).json()) as never;
}

function toRequest(said: string, more: object = {}, configuration: object = {}): object {
  return { message: { messageId: "m", role: "ROLE_USER", parts: [{ text: said }], ...more }, configuration };
}

async function send(server: Server, said: string, more?: object, configuration?: object): Promise<string> {
  const { result } = await rpc(server, "SendMessage", toRequest(said, more, configuration));
  return (result as unknown as { task: { id: string } }).task.id;
}

const weather: QueryHandler = function* ({ input }) {
  const part = input.at(-1)?.content?.[0];
  const said = part?.type === "text" ? part.text : "";
  yield "Where";
  yield said === "weather" ? "?" : " it is.";
  if (said === "weather") yield { type: "incomplete", reason: "input_required" };
};

describe("push notifications", () => {
  it("tell each state and whole artifacts, turn by turn, with what proves who sends them", async () => {
    await using receiver = await openReceiver();
    await using server = await serving(weather);
    const config = {
      id: "c",
      url: `${receiver.url}/hook`,
      token: "t0ken",
      authentication: { scheme: "Bearer", credentials: "secret" },
    };
    const id = await send(server, "weather", {}, { taskPushNotificationConfig: config });
    expect((await receiver.arrived(3)).map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
      { statusUpdate: { taskId: id, status: { state: "TASK_STATE_WORKING" } } },
      { artifactUpdate: { taskId: id, artifact: { parts: [{ text: "Where?" }] }, lastChunk: true } },
      { statusUpdate: { taskId: id, status: { state: "TASK_STATE_INPUT_REQUIRED" } } },
    ]);
    await send(server, "Oslo", { taskId: id });
    expect(JSON.parse((await receiver.arrived(6))[5]?.body ?? "")).toMatchObject({
      statusUpdate: { taskId: id, status: { state: "TASK_STATE_COMPLETED" } },
    });
    expect(receiver.received[0]).toMatchObject({
      method: "POST",
      url: "/hook",
      headers: {
        "content-type": "application/a2a+json",
        "a2a-version": "1.0",
        "x-a2a-notification-token": "t0ken",
        authorization: "Bearer secret",
      },
    });
  });

  it("are set up, shown and deleted, and then come no more", async () => {
    await using receiver = await openReceiver();
    await using server = await serving(weather);
    const taskId = await send(server, "weather");
    const created = await rpc(server, "CreateTaskPushNotificationConfig", { taskId, url: receiver.url, token: "t" });
    const config = created.result as unknown as { id: string };
    expect(config).toEqual({ id: expect.any(String), taskId, url: receiver.url, token: "t" });
    const { id } = config;
    expect((await rpc(server, "GetTaskPushNotificationConfig", { taskId, id })).result).toEqual(config);
    expect((await rpc(server, "ListTaskPushNotificationConfigs", { taskId })).result).toEqual({
      configs: [config],
      nextPageToken: "",
    });
    for (let times = 0; times < 2; times += 1) {
      expect((await rpc(server, "DeleteTaskPushNotificationConfig", { taskId, id })).result).toBeNull();
    }
    expect((await rpc(server, "GetTaskPushNotificationConfig", { taskId, id })).error).toMatchObject({ code: -32001 });
    await send(server, "Oslo", { taskId });
    expect(receiver.received).toEqual([]);
  });

  it("tell a task that is canceled while it waits for its client", async () => {
    await using receiver = await openReceiver();
    await using server = await serving(weather);
    const taskId = await send(server, "weather");
    await rpc(server, "CreateTaskPushNotificationConfig", { taskId, url: receiver.url });
    await rpc(server, "CancelTask", { id: taskId });
    expect(JSON.parse((await receiver.arrived(1))[0]?.body ?? "")).toMatchObject({
      statusUpdate: { status: { state: "TASK_STATE_CANCELED" } },
    });
  });

  it("are whole tasks in the words of 0.3 for a client of 0.3", async () => {
    await using receiver = await openReceiver();
    await using server = await serving(weather);
    const message = { kind: "message", messageId: "m", role: "user", parts: [{ kind: "text", text: "Oslo" }] };
    const pushNotificationConfig = {
      url: receiver.url,
      token: "t",
      authentication: { schemes: ["Bearer"], credentials: "s" },
    };
    await rpc(server, "message/send", { message, configuration: { pushNotificationConfig } }, "");
    const last = (await receiver.arrived(2))[1];
    expect(last?.headers).toMatchObject({ "x-a2a-notification-token": "t", authorization: "Bearer s" });
    expect(JSON.parse(last?.body ?? "")).toMatchObject({
      kind: "task",
      status: { state: "completed" },
      artifacts: [{ parts: [{ kind: "text", text: "Where it is." }] }],
    });
  });

  it("carry a signed token of the app's where the client has named no credentials", async () => {
    await using receiver = await openReceiver();
    const { privateKey, publicKey } = await jose.generateKeyPair("ES256", { extractable: true });
    const key = { ...(await jose.exportJWK(privateKey)), kid: "k" };
    await using server = await serving(weather, { ...local, url: "https://agents.example", signing: { key } });
    const id = await send(server, "Oslo", {}, { taskPushNotificationConfig: { url: receiver.url } });
    const [first] = await receiver.arrived(1);
    const token = first?.headers.authorization?.replace("Bearer ", "") ?? "";
    const { payload } = await jose.jwtVerify(token, publicKey, {
      issuer: "https://agents.example",
      audience: receiver.url,
    });
    expect(payload).toMatchObject({ task_id: id, jti: expect.any(String), exp: expect.any(Number) });
  });

  it("go on for others when one receiver fails for good", async () => {
    await using receiver = await openReceiver({ "/bad": () => ({ status: 404 }) });
    await using server = await serving(weather);
    const taskId = await send(server, "weather");
    for (const path of ["/bad", "/good"]) {
      await rpc(server, "CreateTaskPushNotificationConfig", { taskId, url: receiver.url + path });
    }
    await send(server, "Oslo", { taskId });
    const arrived = await receiver.arrived(6);
    expect(arrived.filter(({ url }) => url === "/good")).toHaveLength(3);
  });

  it("are tried again when the receiver is away for a moment", async () => {
    let tries = 0;
    await using receiver = await openReceiver({ "/hook": () => ({ status: tries++ === 0 ? 503 : 204 }) });
    await using server = await serving(weather);
    await send(server, "Oslo", {}, { taskPushNotificationConfig: { url: `${receiver.url}/hook` } });
    const bodies = (await receiver.arrived(4)).map(({ body }) => body);
    expect(bodies[0]).toBe(bodies[1]);
    expect(bodies.slice(1).map((body) => Object.keys(JSON.parse(body) as object)[0])).toEqual([
      "statusUpdate",
      "artifactUpdate",
      "statusUpdate",
    ]);
  });

  it("are not tried again once the app closes", async () => {
    await using receiver = await openReceiver({ "/hook": () => ({ status: 503 }) });
    const server = await serving(weather);
    await send(server, "Oslo", {}, { taskPushNotificationConfig: { url: `${receiver.url}/hook` } });
    await receiver.arrived(1);
    const before = performance.now();
    await server.close();
    expect(performance.now() - before).toBeLessThan(900);
  });

  it("go only to who repeats a secret, where the app says so", async () => {
    await using receiver = await openReceiver({
      "/good": ({ url, method }) =>
        method === "GET" ? { status: 200, text: new URL(url, "http://x").searchParams.get("validationToken") } : {},
      "/bad": () => ({ status: 200, text: "anything" }),
    });
    await using server = await serving(weather, { push: { ...local.push, challenge: true } });
    const taskId = await send(server, "weather");
    const create = async (path: string) =>
      rpc(server, "CreateTaskPushNotificationConfig", { taskId, url: receiver.url + path });
    expect((await create("/bad")).error).toMatchObject({ code: -32602 });
    expect((await create("/good")).error).toBeUndefined();
  });

  it("are limited in number, and not there when they are turned off", async () => {
    await using server = await serving(weather);
    const taskId = await send(server, "weather");
    const create = async () => rpc(server, "CreateTaskPushNotificationConfig", { taskId, url: "https://example.com/" });
    for (let count = 0; count < 10; count += 1) expect((await create()).error).toBeUndefined();
    expect((await create()).error).toMatchObject({ message: expect.stringContaining("10") });
    await using without = await serving(weather, { push: false });
    const { error } = await rpc(without, "ListTaskPushNotificationConfigs", { taskId: "any" });
    expect(error).toMatchObject({ code: -32003 });
  });
});

describe("where a push notification may not go", () => {
  it.each([
    "http://127.0.0.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://localhost:8090/",
    "http://agent.internal/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://169.254.169.254/latest/meta-data",
    "http://10.1.2.3/",
    "http://192.168.0.1/",
    "http://172.31.0.1/",
    "http://100.64.0.1/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://0.0.0.0/",
    "file:///etc/passwd",
    "gopher://example.com/",
    "http://user:password@example.com/",
    "not a url",
  ])("%s", async (url) => {
    await using server = await serving(weather, {});
    const taskId = await send(server, "weather");
    expect((await rpc(server, "CreateTaskPushNotificationConfig", { taskId, url })).error).toMatchObject({
      code: -32602,
    });
    const asked = await rpc(server, "SendMessage", toRequest("x", {}, { taskPushNotificationConfig: { url } }));
    expect(asked.error).toMatchObject({ code: -32602 });
  });

  it("a name that stands for such an address, when it comes to it", async () => {
    await using receiver = await openReceiver();
    const guard = createGuard({
      resolve: (_host, _options, done) => {
        done(null, [
          { address: "8.8.8.8", family: 4 },
          { address: "127.0.0.1", family: 4 },
        ]);
      },
    });
    const sent = guard.send(`http://rebound.example:${receiver.port}/`, { method: "POST", headers: {}, body: "{}" });
    await expect(sent).rejects.toMatchObject({ code: "permission_denied" });
    expect(receiver.received).toEqual([]);
  });

  it("a name that stands for another address the second time: it is asked once, and that answer is used", async () => {
    await using receiver = await openReceiver();
    let asked = 0;
    const guard = createGuard({
      allowedHosts: ["rebound.example"],
      resolve: (_host, _options, done) => {
        asked += 1;
        done(null, [{ address: asked === 1 ? "127.0.0.1" : "127.0.0.2", family: 4 }]);
      },
    });
    await guard.send(`http://rebound.example:${receiver.port}/`, { method: "POST", headers: {}, body: "{}" });
    expect([asked, receiver.received.length]).toEqual([1, 1]);
  });

  it("where a redirect leads", async () => {
    await using secret = await openReceiver();
    await using receiver = await openReceiver({
      "/hook": () => ({ status: 307, headers: { location: `${secret.url}/secret` } }),
    });
    const guard = createGuard({ allowedHosts: ["127.0.0.1"] });
    const { status } = await guard.send(`${receiver.url}/hook`, { method: "POST", headers: {}, body: "{}" });
    expect([status, secret.received]).toEqual([307, []]);
  });

  it("to somebody who does not answer in time, or answers without end", async () => {
    await using receiver = await openReceiver({ "/long": () => ({ status: 200, text: "x".repeat(1_000_000) }) });
    const guard = createGuard({ allowedHosts: ["127.0.0.1"], timeoutMs: 200 });
    const { text: said } = await guard.send(`${receiver.url}/long`, { method: "GET", headers: {} });
    expect(said.length).toBeLessThanOrEqual(4_096);
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    await expect(guard.send(`http://127.0.0.1:${port}/`, { method: "GET", headers: {} })).rejects.toMatchObject({
      code: "unavailable",
    });
    silent.closeAllConnections();
    await new Promise((resolve) => silent.close(resolve));
  });
});
