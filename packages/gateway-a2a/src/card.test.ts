import { AgentCard as codec, verifyAgentCardSignature } from "@a2a-js/sdk";
import { ClientFactory } from "@a2a-js/sdk/client";
import { A2AClient } from "@a2a-js/sdk-0.3/client";
import { AgentApp, apiKeys } from "@agentscope-runtime/core";
import type { AgentAppOptions } from "@agentscope-runtime/core";
import { serve } from "@agentscope-runtime/express";
import type { Server } from "@agentscope-runtime/express";
import * as jose from "jose";
import { a2aGateway } from "./index.ts";
import type { A2aGatewayOptions, AgentCard } from "./index.ts";
import { canonicalJson } from "./signing-key.ts";

async function serving(a2a: A2aGatewayOptions = {}, options: Partial<AgentAppOptions> = {}): Promise<Server> {
  const given: AgentAppOptions = options.agents === undefined ? { query: () => "hi", ...options } : options;
  const app = new AgentApp({
    name: "weather",
    description: "Knows the weather.",
    ...given,
    gateways: [a2aGateway(a2a)],
  });
  return serve(app, { port: 0, closeOnSignals: false, drainMs: 100 });
}

async function cardAt(url: string, version = "1.0"): Promise<AgentCard & Record<string, unknown>> {
  const answer = await fetch(url, { headers: version === "" ? {} : { "a2a-version": version } });
  return (await answer.json()) as AgentCard & Record<string, unknown>;
}

const path = "/.well-known/agent-card.json";

async function newKey(): Promise<Record<string, unknown>> {
  const { privateKey } = await jose.generateKeyPair("ES256", { extractable: true });
  return { ...(await jose.exportJWK(privateKey)), kid: "key-1" };
}

describe("the card", () => {
  it("says what the app is, where it is and what it can, without being told", async () => {
    await using server = await serving();
    const url = `${server.url}/a2a`;
    const card = await cardAt(server.url + path);
    expect(card).toEqual({
      name: "weather",
      description: "Knows the weather.",
      version: "1.0.0",
      supportedInterfaces: [
        { url, protocolBinding: "JSONRPC", protocolVersion: "1.0" },
        { url, protocolBinding: "HTTP+JSON", protocolVersion: "1.0" },
        { url, protocolBinding: "JSONRPC", protocolVersion: "0.3" },
        { url, protocolBinding: "HTTP+JSON", protocolVersion: "0.3" },
      ],
      capabilities: { streaming: true, pushNotifications: true, extendedAgentCard: false },
      defaultInputModes: expect.arrayContaining(["text/plain", "image/*"]),
      defaultOutputModes: ["text/plain", "application/json"],
      skills: [{ id: "weather", name: "weather", description: "Knows the weather.", tags: ["agent"] }],
    });
    // What the official client makes of it, and back, is the same.
    expect(codec.toJSON(codec.fromJSON(card))).toEqual(card);
  });

  it("says everything that it is told, and does not claim what is turned off", async () => {
    const facts = {
      name: "Weather",
      version: "2.1.0",
      provider: { organization: "Sky", url: "https://sky.example" },
      documentationUrl: "https://sky.example/docs",
      iconUrl: "https://sky.example/icon.png",
      securitySchemes: {
        key: { apiKeySecurityScheme: { location: "header", name: "x-api-key" } },
        bearer: { httpAuthSecurityScheme: { scheme: "Bearer" } },
      },
      securityRequirements: [{ schemes: { bearer: { list: ["read"] } } }],
      skills: [{ id: "now", name: "Now", description: "The weather now.", tags: ["sky"], examples: ["Oslo?"] }],
    };
    await using server = await serving({
      url: "https://agents.example/",
      push: false,
      card: {
        ...facts,
        extensions: [{ uri: "urn:x" }],
        interfaces: [{ url: "grpc.example:443", protocolBinding: "GRPC", protocolVersion: "1.0" }],
      },
    });
    const card = await cardAt(server.url + path);
    expect(card).toMatchObject({
      ...facts,
      capabilities: { pushNotifications: false, extensions: [{ uri: "urn:x" }] },
    });
    expect(card.supportedInterfaces.map(({ url }) => url)).toEqual([
      ...Array<string>(4).fill("https://agents.example/a2a"),
      "grpc.example:443",
    ]);
    // Whoever says no version is told both: 0.3's words beside those of 1.0.
    expect(await cardAt(server.url + path, "")).toMatchObject({
      ...card,
      url: "https://agents.example/a2a",
      preferredTransport: "JSONRPC",
      protocolVersion: "0.3.0",
      additionalInterfaces: [{ url: "https://agents.example/a2a", transport: "HTTP+JSON" }],
      supportsAuthenticatedExtendedCard: false,
      security: [{ bearer: ["read"] }],
      securitySchemes: {
        key: { type: "apiKey", in: "header", name: "x-api-key" },
        bearer: { type: "http", scheme: "Bearer" },
      },
    });
  });

  it("is where every client looks for it", async () => {
    await using server = await serving();
    for (const other of ["/.well-known/agent.json", "/.wellknown/agent-card.json"]) {
      expect(await cardAt(server.url + other)).toEqual(await cardAt(server.url + path));
    }
    const client = await new ClientFactory().createFromUrl(server.url);
    expect(await client.getAgentCard()).toMatchObject({
      supportedInterfaces: [{ url: `${server.url}/a2a` }, {}, {}, {}],
    });
    const legacy = await A2AClient.fromCardUrl(server.url + path);
    expect(await legacy.getAgentCard()).toMatchObject({ protocolVersion: "0.3.0", url: `${server.url}/a2a` });
  });

  it("may be kept, and says whether it has changed", async () => {
    await using server = await serving({ cardMaxAgeSeconds: 60 });
    const first = await fetch(server.url + path);
    expect(first.headers.get("cache-control")).toBe("public, max-age=60");
    expect(first.headers.get("vary")).toContain("A2A-Version");
    expect(Date.parse(first.headers.get("last-modified") ?? "")).toBeLessThanOrEqual(Date.now());
    const etag = first.headers.get("etag") ?? "";
    const again = await fetch(server.url + path, { headers: { "if-none-match": `W/${etag}, "other"` } });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect((await fetch(server.url + path, { headers: { "if-none-match": etag, "a2a-version": "1.0" } })).status).toBe(
      200,
    );
  });

  it("is one for each of several agents, who answer there", async () => {
    await using server = await serving(
      { card: (agent) => ({ version: agent === "two" ? "2.0" : "1.0" }) },
      { agents: { one: () => "I am one", two: () => "I am two" } },
    );
    const two = await cardAt(`${server.url}/agents/two${path}`);
    expect(two).toMatchObject({ name: "two", version: "2.0" });
    expect(two.supportedInterfaces[0]?.url).toBe(`${server.url}/agents/two/a2a`);
    expect((await cardAt(server.url + path)).name).toBe("one");
    expect((await fetch(`${server.url}/agents/none${path}`)).status).toBe(404);
    const message = { messageId: "m", role: "ROLE_USER", parts: [{ text: "Who?" }] };
    const post = {
      method: "POST",
      headers: { "content-type": "application/json", "a2a-version": "1.0" },
      body: JSON.stringify({ message }),
    };
    const { task } = (await (await fetch(`${server.url}/agents/two/a2a/message:send`, post)).json()) as {
      task: { id: string; artifacts: unknown };
    };
    expect(task.artifacts).toMatchObject([{ parts: [{ text: "I am two" }] }]);
    // Its tasks are not those of the other.
    const get = { headers: { "a2a-version": "1.0" } };
    expect((await fetch(`${server.url}/a2a/tasks/${task.id}`, get)).status).toBe(404);
    expect((await fetch(`${server.url}/agents/two/a2a/tasks/${task.id}`, get)).status).toBe(200);
  });
});

describe("a signature", () => {
  it("is verified by the official client, with the published key", async () => {
    await using server = await serving({ url: "https://agents.example", signing: { key: await newKey() } });
    const keys = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as jose.JSONWebKeySet;
    expect(keys.keys).toMatchObject([{ kid: "key-1", alg: "ES256", use: "sig" }]);
    expect(keys.keys[0]).not.toHaveProperty("d");
    const verify = verifyAgentCardSignature(async (kid, jku) => {
      expect([kid, jku]).toEqual(["key-1", "https://agents.example/.well-known/jwks.json"]);
      return Promise.resolve(keys.keys[0] ?? {});
    });
    for (const version of ["1.0", ""]) {
      const card = codec.fromJSON(await cardAt(server.url + path, version));
      await expect(verify(card)).resolves.toBeUndefined();
      await expect(verify({ ...card, name: "Another" })).rejects.toThrow(/signature/i);
    }
  });

  it("is over all of the document, for those who know no schema", async () => {
    await using server = await serving({ url: "https://agents.example", signing: { key: await newKey() } });
    const keys = jose.createLocalJWKSet(
      (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as jose.JSONWebKeySet,
    );
    for (const version of ["1.0", ""]) {
      const { signatures = [], ...card } = await cardAt(server.url + path, version);
      const payload = jose.base64url.encode(canonicalJson(card));
      const { protected: head = "", signature = "" } = signatures.at(-1) ?? {};
      const { protectedHeader } = await jose.flattenedVerify({ protected: head, signature, payload }, keys);
      expect(protectedHeader).toMatchObject({ alg: "ES256", kid: "key-1", typ: "JOSE" });
    }
  });

  it("needs a key that can sign, its id, and where the app is", async () => {
    const key = await newKey();
    const { d: _d, ...publicKey } = key;
    const { kid: _kid, ...nameless } = key;
    const url = "https://agents.example";
    for (const wrong of [
      { signing: { key } },
      { url, signing: { key: publicKey } },
      { url, signing: { key: nameless } },
      { url, signing: { key: { kty: "oct", k: "x", kid: "a", d: "x" } } },
    ]) {
      await expect(serving(wrong)).rejects.toMatchObject({
        code: "invalid_argument",
        message: expect.stringContaining("A2A options"),
      });
    }
  });
});

describe("the extended card", () => {
  const ask = async ({ url }: Server, version: string, key?: string): Promise<Response> => {
    const legacy = version === "";
    const headers = {
      "content-type": "application/json",
      "a2a-version": version,
      authorization: `Bearer ${key ?? ""}`,
    };
    const method = legacy ? "agent/getAuthenticatedExtendedCard" : "GetExtendedAgentCard";
    return fetch(`${url}/a2a`, { method: "POST", headers, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method }) });
  };

  it("is for callers who are known", async () => {
    const authenticate = apiKeys({ ada: { userId: "ada" } });
    await using server = await serving(
      {
        extendCard: (card, { userId }) => ({
          ...card,
          skills: [{ id: "secret", name: userId, description: "x", tags: [] }],
        }),
      },
      { authenticate },
    );
    expect(await cardAt(server.url + path)).toMatchObject({ capabilities: { extendedAgentCard: true } });
    expect((await ask(server, "1.0")).status).toBe(401);
    for (const version of ["1.0", ""]) {
      const { result } = (await (await ask(server, version, "ada")).json()) as { result: AgentCard };
      expect(result.skills).toMatchObject([{ id: "secret", name: "ada" }]);
    }
    const headers = { "a2a-version": "1.0", authorization: "Bearer ada" };
    expect((await fetch(`${server.url}/a2a/extendedAgentCard`, { headers })).status).toBe(200);
  });

  it("is told to nobody where nobody is known, and is not there by default", async () => {
    await using open = await serving({ extendCard: (card) => card });
    expect((await ask(open, "1.0")).status).toBe(401);
    await using plain = await serving();
    expect(await (await ask(plain, "1.0")).json()).toMatchObject({ error: { code: -32004 } });
  });
});

describe("extensions", () => {
  const send = async ({ url }: Server, extensions: string): Promise<Response> => {
    const message = { messageId: "m", role: "ROLE_USER", parts: [{ text: "x" }] };
    const headers = { "content-type": "application/json", "a2a-version": "1.0", "a2a-extensions": extensions };
    return fetch(`${url}/a2a/message:send`, { method: "POST", headers, body: JSON.stringify({ message }) });
  };

  it("that are required have to be named; those that hold are named in the answer, and to the agent", async () => {
    let details: unknown;
    await using server = await serving(
      { card: { extensions: [{ uri: "urn:needed", required: true }, { uri: "urn:more" }] } },
      {
        query: (request) => {
          details = request["a2a"];
          return "ok";
        },
      },
    );
    const refused = await send(server, "urn:more");
    expect([refused.status, await refused.json()]).toMatchObject([
      400,
      { error: { details: [{ reason: "EXTENSION_SUPPORT_REQUIRED" }] } },
    ]);
    const taken = await send(server, "urn:needed, urn:unknown");
    expect([taken.status, taken.headers.get("a2a-extensions")]).toEqual([200, "urn:needed"]);
    expect(details).toMatchObject({ extensions: ["urn:needed"] });
  });
});
