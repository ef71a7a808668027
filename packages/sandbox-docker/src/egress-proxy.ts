import { chmod, rm } from "node:fs/promises";
import { once } from "node:events";
import { createServer, request as forward } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { ResolvedSandboxSpec } from "@agentscope-runtime/sandbox";
import { resolveEgress } from "./resolve-egress.ts";
import type { ResolveHost } from "./resolve-egress.ts";

/** Something that a sandbox wanted to reach. */
export interface EgressRequest {
  readonly sandboxId: string;
  /** `CONNECT` for anything with TLS, else the HTTP method. */
  readonly method: string;
  readonly host: string;
  readonly port: number;
  readonly allowed: boolean;
  /** Why it was refused. */
  readonly reason?: string;
}

export type EgressRules = ResolvedSandboxSpec["egress"];

export interface EgressProxyOptions {
  readonly sandboxId: string;
  /** Of the unix socket; it is made. */
  readonly path: string;
  readonly rules: EgressRules;
  readonly onRequest: (request: EgressRequest) => void;
  readonly resolveHost?: ResolveHost;
}

/** More than a browser opens, less than would hurt the host. */
const maxConnections = 256;
const connectMs = 15_000;
const idleMs = 300_000;
/** Meant for the next hop only. */
const hopHeaders = ["connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer", "upgrade"];

/** The one way out of a box: an HTTP proxy on a unix socket that connects to what its rules name, and to nothing else. */
export class EgressProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #options: EgressProxyOptions;
  readonly #tunnels = new Set<Duplex>();
  #rules: EgressRules;

  private constructor(options: EgressProxyOptions) {
    this.#options = options;
    this.#rules = options.rules;
    this.#server = createServer((request, response) => {
      this.#pass(request, response).catch((thrown: unknown) => {
        refuse(response, thrown);
      });
    });
    this.#server.maxConnections = maxConnections;
    this.#server.on("connect", (request: IncomingMessage, client: Duplex, head: Buffer) => {
      this.#keep(client);
      this.#tunnel(request, client, head).catch((thrown: unknown) => {
        const { code, message } = RuntimeError.from(thrown);
        client.end(
          `HTTP/1.1 ${code === "permission_denied" ? 403 : 502} Refused\r\ncontent-type: text/plain\r\n\r\n${message}\n`,
        );
      });
    });
    this.#server.on("clientError", (_, socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  }

  static async open(options: EgressProxyOptions): Promise<EgressProxy> {
    const proxy = new EgressProxy(options);
    await rm(options.path, { force: true }); // What a process left that was killed.
    proxy.#server.listen(options.path);
    await once(proxy.#server, "listening");
    await chmod(options.path, 0o666); // Who may reach it is decided by the directory it is in.
    return proxy;
  }

  /** From the next request on. Connections that are open are cut: they may no longer be allowed. */
  setRules(rules: EgressRules): void {
    this.#rules = rules;
    for (const tunnel of this.#tunnels) tunnel.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    for (const tunnel of this.#tunnels) tunnel.destroy();
    await closed;
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = URL.parse(request.url ?? "");
    if (url?.protocol !== "http:")
      throw new RuntimeError("invalid_argument", "A proxy is asked for http:// addresses.");
    const address = await this.#resolve(request.method ?? "GET", url.hostname, Number(url.port || 80));
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopHeaders.includes(name)));
    const outgoing = forward({
      ...address,
      method: request.method,
      path: `${url.pathname}${url.search}`,
      headers: { ...headers, host: url.host }, // Not what the box says: another host may live behind the same address.
      agent: false,
      timeout: idleMs,
    });
    outgoing.once("timeout", () => outgoing.destroy());
    response.once("close", () => outgoing.destroy());
    outgoing.once("response", (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => !hopHeaders.includes(name));
      response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
      answer.pipe(response);
      answer.once("error", () => response.destroy());
    });
    outgoing.once("error", (thrown) => {
      refuse(response, new RuntimeError("unavailable", `${url.host} does not answer.`, { cause: thrown }));
    });
    request.pipe(outgoing);
  }

  async #tunnel(request: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const [, host = "", port = ""] = /^\[?([^\]]*?)\]?:(\d{1,5})$/.exec(request.url ?? "") ?? [];
    if (host === "") throw new RuntimeError("invalid_argument", "CONNECT takes a host and a port.");
    const address = await this.#resolve("CONNECT", host, Number(port));
    const remote = connect({ ...address, timeout: idleMs });
    this.#keep(remote);
    const patience = setTimeout(() => remote.destroy(new Error("too slow")), connectMs);
    try {
      await once(remote, "connect");
    } catch (thrown) {
      throw new RuntimeError("unavailable", `${host} does not answer.`, { cause: thrown });
    } finally {
      clearTimeout(patience);
    }
    remote.once("timeout", () => remote.destroy());
    remote.once("close", () => client.destroy());
    client.once("close", () => remote.destroy());
    client.write("HTTP/1.1 200 Connected\r\n\r\n");
    if (head.length > 0) remote.write(head);
    remote.pipe(client).pipe(remote);
  }

  async #resolve(
    method: string,
    name: string,
    port: number,
  ): Promise<{ readonly host: string; readonly port: number }> {
    const host = name.toLowerCase().replace(/\.$/, "");
    const told = { sandboxId: this.#options.sandboxId, method, host, port };
    try {
      const address = await resolveEgress({ host, port }, this.#rules, this.#options.resolveHost);
      this.#options.onRequest({ ...told, allowed: true });
      return { host: address, port };
    } catch (thrown) {
      const error = RuntimeError.from(thrown);
      this.#options.onRequest({ ...told, allowed: false, reason: error.message });
      throw error;
    }
  }

  #keep(tunnel: Duplex): void {
    this.#tunnels.add(tunnel);
    tunnel.on("error", () => tunnel.destroy());
    tunnel.once("close", () => this.#tunnels.delete(tunnel));
  }
}

function refuse(response: ServerResponse, thrown: unknown): void {
  const { code, message } = RuntimeError.from(thrown);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status = code === "permission_denied" ? 403 : code === "invalid_argument" ? 400 : 502;
  response.writeHead(status, { "content-type": "text/plain" }).end(`${message}\n`);
}
