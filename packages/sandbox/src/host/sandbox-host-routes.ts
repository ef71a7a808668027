import type { HttpHandler, HttpMethod, HttpReply, Route, RouteRequest, SocketRoute } from "@agentscope-runtime/core";
import { encodeFrame, parse, RuntimeError } from "@agentscope-runtime/protocol";
import { bridgePort } from "../box/box-upgrade.ts";
import { boxHandler } from "../box/index.ts";
import type { Sandbox } from "../sandbox.ts";
import { boxRouteDocs } from "./box-route-docs.ts";
import {
  abilitiesSchema,
  createRequestSchema,
  endEventSchema,
  extendRequestSchema,
  linkReplySchema,
  linkRequestSchema,
  recordSchema,
  recordsReplySchema,
  snapshotReplySchema,
  typesReplySchema,
} from "./host-schemas.ts";
import { parsePortLink, signPortLink } from "./port-link.ts";
import { proxyHttp, proxySocket } from "./port-proxy.ts";
import type { SandboxHost } from "./sandbox-host.ts";

export interface SandboxHostRoutesOptions {
  readonly host: SandboxHost;
  /** Signs the links that open ports; at least 32 characters. Replicas that serve each other's links share it. */
  readonly linkSecret: string;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

const maxBodyBytes = 1024 * 1024;
const methods: readonly HttpMethod[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const tag = "sandboxes";

/**
 * A host's HTTP API, for an app without agents: sandboxes, all that the box protocol can do in one, and links that open one of its
 * ports for a while. Whoever is authenticated owns what they make; without authentication it is everybody's.
 *
 * @example
 * ```ts
 * const app = new AgentApp({ agents: {}, authenticate, ...sandboxHostRoutes({ host, linkSecret }) });
 * ```
 */
export function sandboxHostRoutes(options: SandboxHostRoutesOptions): {
  readonly routes: readonly Route[];
  readonly sockets: readonly SocketRoute[];
} {
  if (options.linkSecret.length < 32) {
    throw new RuntimeError("invalid_argument", "linkSecret: give at least 32 characters.");
  }
  const { host } = options;
  return {
    routes: [...aboutRoutes(host), ...sandboxRoutes(host), ...boxRoutes(host), ...linkRoutes(options)],
    sockets: [portSocket(host), linkSocket(options)],
  };
}

function aboutRoutes(host: SandboxHost): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/abilities",
      doc: { summary: "What the sandboxes here can do.", tag, reply: abilitiesSchema },
      handle: async ({ http }) => json(200, await host.abilities({ signal: http.signal })),
    },
    {
      method: "GET",
      path: "/types",
      doc: { summary: "The types that may be asked for.", tag, reply: typesReplySchema },
      handle: () => json(200, { items: host.types.map(({ name, description }) => ({ name, description })) }),
    },
  ];
}

function sandboxRoutes(host: SandboxHost): readonly Route[] {
  const at = "/sandboxes/:id";
  return [
    {
      method: "POST",
      path: "/sandboxes",
      doc: { summary: "Make a sandbox.", tag, body: createRequestSchema, reply: recordSchema, status: 201 },
      async handle({ http, identity }) {
        const request = parse(createRequestSchema, await http.readJson(maxBodyBytes), "sandbox");
        return json(201, await host.create(ownerOf({ identity }), request, { signal: http.signal }));
      },
    },
    {
      method: "GET",
      path: "/sandboxes",
      doc: { summary: "Your sandboxes.", tag, reply: recordsReplySchema },
      handle: async ({ http, identity }) =>
        json(200, { items: await host.list(ownerOf({ identity }), { signal: http.signal }) }),
    },
    {
      method: "GET",
      path: at,
      doc: { summary: "One of your sandboxes.", tag, reply: recordSchema },
      handle: async (request) => record(host, request),
    },
    {
      method: "DELETE",
      path: at,
      doc: { summary: "End a sandbox; one that is not there has ended.", tag, status: 204 },
      async handle(request) {
        await host.end(ownerOf(request), idOf(request), signalOf(request));
        return { status: 204 };
      },
    },
    {
      method: "GET",
      path: `${at}/end`,
      doc: { summary: "Waits until a sandbox has ended, and says why.", tag, events: endEventSchema },
      async handle(request) {
        const managed = await host.managed(ownerOf(request), idOf(request), signalOf(request));
        return { status: 200, body: { sse: endOf(managed.over) } };
      },
    },
    {
      method: "POST",
      path: `${at}/pause`,
      doc: { summary: "Stop its processes where they are; its time stands still.", tag, reply: recordSchema },
      async handle(request) {
        await (await host.managed(ownerOf(request), idOf(request))).pause(signalOf(request));
        return record(host, request);
      },
    },
    {
      method: "POST",
      path: `${at}/resume`,
      doc: { summary: "Let a paused sandbox go on.", tag, reply: recordSchema },
      async handle(request) {
        await (await host.managed(ownerOf(request), idOf(request))).resume(signalOf(request));
        return record(host, request);
      },
    },
    {
      method: "POST",
      path: `${at}/extend`,
      doc: { summary: "Let it end later.", tag, body: extendRequestSchema, reply: recordSchema },
      async handle(request) {
        const { ttlMs } = parse(extendRequestSchema, await request.http.readJson(maxBodyBytes), "request");
        await (await host.managed(ownerOf(request), idOf(request))).extend(ttlMs, signalOf(request));
        return record(host, request);
      },
    },
    {
      method: "POST",
      path: `${at}/snapshots`,
      doc: { summary: "Make a copy that new sandboxes begin from.", tag, reply: snapshotReplySchema, status: 201 },
      handle: async (request) => json(201, await host.snapshot(ownerOf(request), idOf(request), signalOf(request))),
    },
    {
      method: "DELETE",
      path: "/snapshots/:id",
      doc: { summary: "Forget a snapshot; one that is not there is forgotten.", tag, status: 204 },
      async handle(request) {
        await host.deleteSnapshot(ownerOf(request), idOf(request), signalOf(request));
        return { status: 204 };
      },
    },
  ];
}

/** The box protocol, at `/sandboxes/:id/box`. */
function boxRoutes(host: SandboxHost): readonly Route[] {
  /** One for all calls of a sandbox: it knows which commands run, for those who cancel one. */
  const handlers = new WeakMap<Sandbox, HttpHandler>();
  return boxRouteDocs.map(({ method, path, doc }) => ({
    method,
    path: `/sandboxes/:id/box${path}`,
    doc: { ...doc, tag: "box" },
    async handle(request) {
      const sandbox = await host.sandbox(ownerOf(request), idOf(request), signalOf(request));
      const handler = handlers.get(sandbox) ?? boxHandler(sandbox);
      handlers.set(sandbox, handler);
      const [, inner = ""] = /^\/sandboxes\/[^/]+\/box(\/.*)$/.exec(request.http.path) ?? [];
      const reply = await handler({ ...request.http, path: inner });
      if (reply === undefined) throw new RuntimeError("not_found", `The box protocol has no ${inner}.`);
      return reply;
    },
  }));
}

function portSocket(host: SandboxHost): SocketRoute {
  return {
    path: "/sandboxes/:id/box/ports/:port",
    async open(request) {
      const sandbox = await host.sandbox(ownerOf(request), idOf(request), signalOf(request));
      const connection = await sandbox.connect(Number(request.params["port"]), signalOf(request));
      return async (socket) => bridgePort(socket, connection);
    },
  };
}

function linkRoutes({ host, linkSecret, now = Date.now }: SandboxHostRoutesOptions): readonly Route[] {
  const link: Route = {
    method: "POST",
    path: "/sandboxes/:id/links",
    doc: {
      summary: "A path that opens a port of a sandbox to whoever has it, for a while: HTTP and WebSockets.",
      tag,
      body: linkRequestSchema,
      reply: linkReplySchema,
      status: 201,
    },
    async handle(request) {
      const { port, ttlMs } = parse(linkRequestSchema, await request.http.readJson(maxBodyBytes), "link");
      const owner = ownerOf(request);
      const { id } = await host.get(owner, idOf(request), signalOf(request));
      const expiresAt = now() + ttlMs;
      const token = signPortLink({ owner, sandboxId: id, port, expiresAt }, linkSecret);
      return json(201, { path: `/links/${token}/`, expiresAt });
    },
  };
  const opened = methods.map((method): Route => ({
    method,
    path: "/links/:token/*path",
    public: true,
    doc: { summary: "What the server behind a link answers.", tag: "links" },
    async handle({ http, params }) {
      const { owner, sandboxId, port } = parsePortLink(params["token"] ?? "", linkSecret, now());
      const sandbox = await host.sandbox(owner, sandboxId, { signal: http.signal });
      const connection = await sandbox.connect(port, { signal: http.signal });
      return proxyHttp(connection, http, `/${params["path"] ?? ""}`);
    },
  }));
  return [link, ...opened];
}

function linkSocket({ host, linkSecret, now = Date.now }: SandboxHostRoutesOptions): SocketRoute {
  return {
    path: "/links/:token/*path",
    public: true,
    async open({ http, params }) {
      const { owner, sandboxId, port } = parsePortLink(params["token"] ?? "", linkSecret, now());
      const sandbox = await host.sandbox(owner, sandboxId, { signal: http.signal });
      const connection = await sandbox.connect(port, { signal: http.signal });
      const path = `/${params["path"] ?? ""}${http.search === "" ? "" : `?${http.search}`}`;
      return async (socket) => proxySocket(connection, socket, path);
    },
  };
}

async function record(host: SandboxHost, request: RouteRequest): Promise<HttpReply> {
  return json(200, await host.get(ownerOf(request), idOf(request), signalOf(request)));
}

async function* endOf(over: Promise<unknown>): AsyncGenerator<string, void, undefined> {
  yield encodeFrame(0, JSON.stringify(await over));
}

function json(status: number, value: unknown): HttpReply {
  return { status, body: { json: value } };
}

/** Without authentication all callers are one owner. */
function ownerOf({ identity }: Pick<RouteRequest, "identity">): string {
  return identity?.userId ?? "";
}

function idOf({ params }: RouteRequest): string {
  return params["id"] ?? "";
}

function signalOf({ http }: RouteRequest): { readonly signal: AbortSignal } {
  return { signal: http.signal };
}
