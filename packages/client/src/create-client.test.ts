import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import { InProcessSessionHistory } from "@agentscope-runtime/services";
import { createClient } from "./create-client.ts";
import { openScriptedServer, sendJson } from "./testing/scripted-server.ts";

describe("createClient", () => {
  it.each(["", "localhost:8090", "ftp://host", "http://user:secret@host", "http://host/?key=1", "/api"])(
    "refuses %j as its base URL",
    (baseUrl) => {
      expect(() => createClient({ baseUrl })).toThrow(/^Invalid baseUrl/);
    },
  );

  it("finds an app that is mounted somewhere", async () => {
    await using server = await openScriptedServer((reply) => {
      sendJson(reply, 200, { object: "list", data: [], next_cursor: null });
    });
    await createClient({ baseUrl: `${server.url}/agents/v1/` }).listRuns({ sessionId: "a b", limit: 3 });
    expect(server.received).toMatchObject([{ method: "GET", url: "/agents/v1/runs?session_id=a+b&limit=3" }]);
  });

  it("sends its token, its headers and what they are made of", async () => {
    await using server = await openScriptedServer((reply) => {
      sendJson(reply, 200, { object: "list", data: [], next_cursor: null });
    });
    let asked = 0;
    const token = async (): Promise<string> => `token-${++asked}`;
    const client = createClient({ baseUrl: server.url, token, headers: { "x-tenant": "acme" } });
    await client.listRuns();
    await client.listRuns();
    expect(server.received.map(({ headers }) => [headers.authorization, headers["x-tenant"], headers.accept])).toEqual([
      ["Bearer token-1", "acme", "application/json"],
      ["Bearer token-2", "acme", "application/json"],
    ]);
  });

  it("says what is wrong with a token that cannot be had, or cannot be sent", async () => {
    const baseUrl = "http://127.0.0.1:9";
    const cause = new Error("logged out");
    const lost = createClient({
      baseUrl,
      token: () => {
        throw cause;
      },
    });
    await expect(lost.listRuns()).rejects.toMatchObject({ code: "unauthenticated", cause });
    await expect(createClient({ baseUrl, token: "a\nb" }).listRuns()).rejects.toMatchObject({
      code: "invalid_argument",
    });
    const never = createClient({ baseUrl, token: async () => new Promise<string>(() => undefined) });
    await expect(never.listRuns({ signal: AbortSignal.timeout(5) })).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("uses the fetch that it is given", async () => {
    const asked: unknown[] = [];
    const client = createClient({
      baseUrl: "https://nowhere.invalid",
      fetch: async (input) => {
        asked.push(input);
        return Response.json({ object: "list", data: [], next_cursor: null });
      },
    });
    expect(await client.listRuns()).toEqual({ items: [], cursor: undefined });
    expect(asked).toEqual(["https://nowhere.invalid/runs"]);
  });

  it("lets no id lead to another route", async () => {
    await using server = await openScriptedServer((reply) => {
      sendJson(reply, 404, { error: { code: "not_found", message: "No." } });
    });
    const client = createClient({ baseUrl: server.url });
    for (const id of ["..", ".", "", "\ud800"]) {
      await expect(client.cancel(id)).rejects.toMatchObject({ code: "invalid_argument" });
      await expect(Array.fromAsync(client.resume(id))).rejects.toMatchObject({ code: "invalid_argument" });
    }
    await expect(client.getRun("../a?b#c%2e")).rejects.toMatchObject({ code: "not_found" });
    expect(server.received).toMatchObject([{ url: "/runs/..%2Fa%3Fb%23c%252e" }]);
  });
});

describe("runs, sessions and tasks", () => {
  it("are those of the caller who is known by the token", async () => {
    const sessions = new InProcessSessionHistory();
    const authenticate = apiKeys({ "key-a": { userId: "ada" }, "key-b": { userId: "bob" } });
    const app = new AgentApp({ query: () => "ok", services: { sessions }, authenticate, resources: [sessions] });
    await using server = await serve(app, { port: 0, closeOnSignals: false });
    const ada = createClient({ baseUrl: server.url, token: "key-a" });
    const bob = createClient({ baseUrl: server.url, token: () => "key-b" });
    await ada.query({ id: "r", session_id: "s", input: "hi" });
    expect(await ada.getRun("r")).toMatchObject({ id: "r", user_id: "ada", response: { status: "completed" } });
    await expect(bob.getRun("r")).rejects.toMatchObject({ code: "not_found" });
    expect((await ada.listSessions()).items).toMatchObject([{ id: "s", user_id: "ada", message_count: 2 }]);
    expect((await bob.listSessions()).items).toEqual([]);
    await expect(createClient({ baseUrl: server.url }).listRuns()).rejects.toMatchObject({ code: "unauthenticated" });
  });

  it("are listed page by page", async () => {
    await using server = await serve(new AgentApp({ query: () => "ok" }), { port: 0, closeOnSignals: false });
    const client = createClient({ baseUrl: server.url });
    for (const id of ["a", "b", "c", "d"]) await client.query({ id, session_id: "s", input: "hi" });
    await client.query({ id: "other", session_id: "t", input: "hi" });
    const first = await client.listRuns({ sessionId: "s", status: "completed", limit: 3 });
    expect(first.items.map(({ id }) => id)).toEqual(["d", "c", "b"]);
    const second = await client.listRuns({ sessionId: "s", status: "completed", limit: 3, cursor: first.cursor });
    expect(second).toMatchObject({ items: [{ id: "a", event_count: expect.any(Number) }], cursor: undefined });
  });

  it("read and forget a conversation", async () => {
    const sessions = new InProcessSessionHistory();
    const app = new AgentApp({ query: () => "ok", services: { sessions }, resources: [sessions] });
    await using server = await serve(app, { port: 0, closeOnSignals: false });
    const client = createClient({ baseUrl: server.url });
    await client.query({ session_id: "s", user_id: "u", input: "hi" });
    const page = await client.readMessages("s", { userId: "u", limit: 1 });
    expect(page.items).toMatchObject([{ role: "assistant", content: [{ text: "ok" }] }]);
    const before = await client.readMessages("s", { userId: "u", cursor: page.cursor });
    expect(before).toMatchObject({ items: [{ role: "user", content: [{ text: "hi" }] }], cursor: undefined });
    await client.deleteSession("s", { userId: "u" });
    await client.deleteSession("s", { userId: "u" });
    expect((await client.readMessages("s", { userId: "u" })).items).toEqual([]);
    await expect(client.listSessions()).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("leave out messages that this version does not know", async () => {
    await using server = await openScriptedServer((reply) => {
      const data = [
        { object: "message", id: "a", type: "telepathy" },
        { object: "message", id: "b" },
      ];
      sendJson(reply, 200, { object: "list", data, next_cursor: "more" });
    });
    const page = await createClient({ baseUrl: server.url }).readMessages("s");
    expect(page).toMatchObject({ items: [{ id: "b", type: "message" }], cursor: "more" });
    expect(page.items).toHaveLength(1);
  });

  it("go on in the background and tell how they are doing", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    await using server = await serve(new AgentApp({ query: async () => promise }), { port: 0, closeOnSignals: false });
    const client = createClient({ baseUrl: server.url });
    const taskId = await client.submitTask({ input: "hi" });
    expect(await client.getTask(taskId)).toMatchObject({ status: "running", started_at: expect.any(Number) });
    resolve("done");
    await Array.fromAsync(client.resume(taskId));
    expect(await client.getTask(taskId)).toMatchObject({ status: "finished", result: { id: taskId } });
    await expect(client.getTask("nope")).rejects.toMatchObject({ code: "not_found" });
  });
});
