import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, Server as NodeServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { AgentApp } from "@agentscope-runtime/core";
import type { Logger } from "@agentscope-runtime/core";
import { describeContract, eventually } from "@agentscope-runtime/services/testing";
import { a2aGateway, FileRegistry, NacosRegistry } from "./index.ts";
import type { AgentCard, Registry } from "./index.ts";
import { registryContract } from "./testing/index.ts";

interface NacosOptions {
  readonly login?: { readonly username: string; readonly password: string };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const ok: Answer = { status: 200, body: { code: 0, message: "success", data: "ok" } };
const refused = (status: number, code: number, message: string): Answer => ({
  status,
  body: { code, message, data: null },
});

/** Speaks the A2A part of Nacos 3's HTTP API, as its admin controller does, and is as strict as that is. */
class NacosServer {
  /** By namespace, agent and version. */
  readonly agents = new Map<string, Map<string, AgentCard>>();
  readonly requests: string[] = [];
  /** Answers with this instead, while it is set. */
  broken: Answer | undefined;
  tokens = new Set<string>();
  readonly #server: NodeServer;
  readonly #options: NacosOptions;

  constructor(options: NacosOptions = {}) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      });
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  cards(namespace = "public"): readonly AgentCard[] {
    return [...this.agents].flatMap(([key, versions]) =>
      key.startsWith(`${namespace}/`) ? [...versions.values()] : [],
    );
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://nacos");
    const body = await text(request);
    const hasForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true;
    const form = body === "" ? searchParams : new URLSearchParams(hasForm ? body : "");
    this.requests.push(`${request.method} ${pathname}`);
    if (this.broken !== undefined) return this.broken;
    if (pathname === "/nacos/v3/auth/user/login") return this.#login(form);
    if (pathname !== "/nacos/v3/admin/ai/a2a") return refused(404, 404, "no handler");
    const token = request.headers["accesstoken"];
    if (this.#options.login !== undefined && !this.tokens.has(String(token)))
      return refused(403, 403, "token invalid!");
    return this.#change(request.method ?? "", form);
  }

  #login(form: URLSearchParams): Answer {
    const { login } = this.#options;
    if (login === undefined || form.get("username") !== login.username || form.get("password") !== login.password) {
      return refused(403, 403, "User not found!");
    }
    const accessToken = crypto.randomUUID();
    this.tokens.add(accessToken);
    return { status: 200, body: { accessToken, tokenTtl: 18_000, globalAdmin: true, username: login.username } };
  }

  #change(method: string, form: URLSearchParams): Answer {
    const name = form.get("agentName") ?? "";
    if (name === "") return refused(400, 10_000, "Required parameter 'agentName' type String is not present");
    const key = `${form.get("namespaceId") ?? "public"}/${name}`;
    const known = this.agents.get(key);
    if (method === "DELETE") {
      const version = form.get("version") ?? "";
      if (version === "") this.agents.delete(key);
      else known?.delete(version);
      if (known?.size === 0) this.agents.delete(key);
      return ok;
    }
    if (form.get("registrationType") !== "URL") return refused(400, 10_000, "registrationType");
    const card = JSON.parse(form.get("agentCard") ?? "") as AgentCard & { url?: string; protocolVersion?: string };
    if (card.name !== name || card.version === "" || card.url === undefined || card.protocolVersion === undefined) {
      return refused(400, 10_000, "Required parameter `agentCard.url` not present");
    }
    if (method === "POST") {
      if (known !== undefined) return refused(409, 20_005, `AgentCard name ${name} already exist`);
      this.agents.set(key, new Map([[card.version, card]]));
      return ok;
    }
    if (known === undefined) return refused(404, 20_004, `Agent not found: ${name}`);
    if (form.get("setAsLatest") !== "true") return refused(400, 10_000, "setAsLatest");
    known.set(card.version, card);
    return ok;
  }
}

const login = { username: "nacos", password: "secret" };

describe("NacosRegistry", () => {
  const open: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one[Symbol.asyncDispose]();
  });

  describeContract("the contract", registryContract, {
    create: async () => {
      const server = new NacosServer();
      open.push(server);
      const registry = new NacosRegistry({ url: await server.listen() });
      return { registry, found: async () => Promise.resolve(server.cards()) };
    },
  });

  const card = {
    name: "weather",
    description: "x",
    version: "1.0.0",
    supportedInterfaces: [
      { url: "https://a.example/a2a", protocolBinding: "JSONRPC", protocolVersion: "1.0" },
      { url: "https://a.example/a2a", protocolBinding: "JSONRPC", protocolVersion: "0.3" },
    ],
    capabilities: {},
    defaultInputModes: [],
    defaultOutputModes: [],
    skills: [],
  };

  it("logs in once, and again when its token has ended before its time", async () => {
    await using server = new NacosServer({ login });
    const registry = new NacosRegistry({ url: `${await server.listen()}/nacos/`, login, namespaceId: "mine" });
    await registry.register(card);
    await registry.register(card);
    expect(server.cards("mine")).toMatchObject([
      { name: "weather", url: "https://a.example/a2a", preferredTransport: "JSONRPC" },
    ]);
    const logins = () => server.requests.filter((request) => request.endsWith("/login")).length;
    expect(logins()).toBe(1);
    server.tokens.clear();
    await registry.deregister(card);
    expect([server.cards("mine"), logins()]).toEqual([[], 2]);
  });

  it("says what the server has refused, and nothing of the password", async () => {
    await using server = new NacosServer({ login });
    const url = await server.listen();
    const wrong = new NacosRegistry({ url, login: { ...login, password: "wr0ng" } });
    await expect(wrong.register(card)).rejects.toMatchObject({
      code: "permission_denied",
      message: expect.not.stringContaining("wr0ng"),
    });
    const registry = new NacosRegistry({ url, login });
    server.broken = { status: 500, body: "<html>" };
    await expect(registry.deregister(card)).rejects.toMatchObject({ message: expect.stringContaining("500") });
    const nobody = new NacosRegistry({ url: "http://127.0.0.1:9", timeoutMs: 500 });
    await expect(nobody.register(card)).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("FileRegistry", () => {
  const directories: string[] = [];
  afterAll(async () => {
    for (const directory of directories) await rm(directory, { recursive: true });
  });
  const newDirectory = async (): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), "a2a-cards-"));
    directories.push(directory);
    return join(directory, "cards");
  };
  const cardsIn = async (directory: string): Promise<readonly AgentCard[]> => {
    const { cards } = JSON.parse(await readFile(join(directory, "index.json"), "utf8").catch(() => '{"cards":[]}')) as {
      readonly cards: readonly string[];
    };
    return Promise.all(
      cards.map(async (file) => JSON.parse(await readFile(join(directory, file), "utf8")) as AgentCard),
    );
  };

  describeContract("the contract", registryContract, {
    create: async () => {
      const directory = await newDirectory();
      return { registry: new FileRegistry({ directory }), found: async () => cardsIn(directory) };
    },
  });

  it("leaves nothing but cards and their list", async () => {
    const directory = await newDirectory();
    const app = new AgentApp({
      agents: { one: () => "1", two: () => "2" },
      gateways: [a2aGateway({ url: "https://agents.example", registries: [new FileRegistry({ directory })] })],
    });
    await app.start();
    const cards = await eventually(async () => {
      const found = await cardsIn(directory);
      return found.length === 2 ? found : undefined;
    });
    expect(cards.map(({ supportedInterfaces }) => supportedInterfaces[0]?.url)).toEqual([
      "https://agents.example/a2a",
      "https://agents.example/agents/two/a2a",
    ]);
    await app.close();
    expect(await readdir(directory)).toEqual(["index.json"]);
    expect(await cardsIn(directory)).toEqual([]);
  });
});

describe("an app with registries", () => {
  const logs: string[] = [];
  const note = (_fields: object, message: string): void => void logs.push(message);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };

  it("starts at once and goes on trying while a registry is away; another one does not wait for it", async () => {
    let tries = 0;
    const away: Registry = {
      name: "away",
      register: async () => {
        tries += 1;
        return tries < 3 ? Promise.reject(new Error("away")) : Promise.resolve();
      },
      deregister: async () => Promise.resolve(),
    };
    const there: AgentCard[] = [];
    const other: Registry = {
      name: "other",
      register: async (card) => void there.push(card),
      deregister: async () => void there.pop(),
    };
    const app = new AgentApp({
      query: () => "x",
      logger,
      gateways: [a2aGateway({ url: "https://a.example", registries: [away, other] })],
    });
    await app.start();
    expect(tries).toBeLessThanOrEqual(1);
    await eventually(() => there.length === 1);
    await eventually(() => tries === 3);
    await app.close();
    expect([there, tries]).toEqual([[], 3]);
    expect(logs.filter((message) => message.includes("tried again"))).toHaveLength(2);
  });

  it("closes although a registry does not answer", async () => {
    let aborted = 0;
    const asked = Promise.withResolvers<undefined>();
    const never: Registry = {
      name: "never",
      register: async (_card, { signal } = {}) =>
        new Promise((_resolve, reject) => {
          asked.resolve(undefined);
          signal?.addEventListener("abort", () => {
            aborted += 1;
            reject(new Error("aborted"));
          });
        }),
      deregister: async () => Promise.reject(new Error("no")),
    };
    const app = new AgentApp({
      query: () => "x",
      logger,
      gateways: [a2aGateway({ url: "https://a.example", registries: [never] })],
    });
    await app.start();
    await asked.promise;
    await app.close();
    expect(aborted).toBe(1);
  });

  it("has to say where it is", () => {
    const registries = [new FileRegistry({ directory: "/nowhere" })];
    expect(() => new AgentApp({ query: () => "x", gateways: [a2aGateway({ registries })] })).toThrow(/url/);
  });
});
