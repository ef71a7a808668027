import { errorCodeFromHttpStatus, parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import { z } from "zod";
import type { AgentCard } from "./agent-card.ts";
import type { Registry } from "./registry.ts";
import { toLegacyCardFields } from "./to-legacy.ts";

export interface NacosRegistryOptions {
  /** Of Nacos 3.1 and later, such as "http://127.0.0.1:8848". */
  readonly url: string;
  /** Where Nacos asks for a login. */
  readonly login?: { readonly username: string; readonly password: string };
  /** Default "public". */
  readonly namespaceId?: string;
  /** Milliseconds for each request. Default 5,000. */
  readonly timeoutMs?: number;
}

const defaultTimeoutMs = 5_000;
const replySchema = z.object({ code: z.number(), message: z.string().nullish() });
const loginSchema = z.object({ accessToken: z.string(), tokenTtl: z.number().optional() });
/** A token is taken anew a little before it ends. */
const tokenMarginMs = 10_000;
const defaultTokenSeconds = 1_800;

/**
 * The A2A registry of Nacos 3, over its HTTP API (`/nacos/v3/admin/ai/a2a`). The card's URLs are what callers are given:
 * Nacos does not watch whether the agent is still there.
 */
export class NacosRegistry implements Registry {
  readonly name: string;
  readonly #options: NacosRegistryOptions;
  #token: { readonly value: string; readonly until: number } | undefined;

  constructor(options: NacosRegistryOptions) {
    this.#options = { ...options, url: options.url.replace(/\/+$/, "").replace(/\/nacos$/, "") };
    this.name = `Nacos at ${new URL(options.url).host}`;
  }

  async register(card: AgentCard, options?: CallOptions): Promise<void> {
    // Which version's words Nacos reads depends on its own: an older one needs the first interface by itself.
    const [first] = card.supportedInterfaces;
    const { url, protocolBinding: preferredTransport, protocolVersion } = first ?? {};
    const older = { url, preferredTransport, protocolVersion, ...toLegacyCardFields(card) };
    const agentCard = JSON.stringify({ ...card, ...older });
    const form = { agentName: card.name, version: card.version, registrationType: "URL", agentCard };
    try {
      await this.#call("POST", form, options);
    } catch (thrown) {
      if (!RuntimeError.is(thrown) || thrown.code !== "conflict") throw thrown;
      // The agent is known: this replaces its version, or adds one.
      await this.#call("PUT", { ...form, setAsLatest: "true" }, options);
    }
  }

  async deregister({ name, version }: AgentCard, options?: CallOptions): Promise<void> {
    try {
      await this.#call("DELETE", { agentName: name, version }, options);
    } catch (thrown) {
      if (!RuntimeError.is(thrown) || thrown.code !== "not_found") throw thrown;
    }
  }

  async #call(method: string, params: Readonly<Record<string, string>>, options?: CallOptions): Promise<void> {
    const { namespaceId = "public" } = this.#options;
    const form = new URLSearchParams({ namespaceId, ...params });
    let answer = await this.#send(method, form, options);
    if (answer.status === 401 || answer.status === 403) {
      // The token may have ended before its time, such as with a restart of the server.
      this.#token = undefined;
      answer = await this.#send(method, form, options);
    }
    const reply = replySchema.safeParse(await answer.json().catch(() => undefined));
    if (reply.success && reply.data.code === 0 && answer.ok) return;
    const said = reply.success ? `${reply.data.code} ${reply.data.message ?? ""}` : `HTTP ${answer.status}`;
    const code = answer.status < 400 ? "unavailable" : errorCodeFromHttpStatus(answer.status);
    throw new RuntimeError(code, `${this.name} has refused: ${said.slice(0, 200)}`);
  }

  async #send(method: string, form: URLSearchParams, options?: CallOptions): Promise<Response> {
    const token = await this.#accessToken(options);
    const headers: Record<string, string> = token === undefined ? {} : { accessToken: token };
    const path = "/nacos/v3/admin/ai/a2a";
    return method === "POST" || method === "PUT"
      ? this.#fetch(path, { method, headers, body: form }, options)
      : this.#fetch(`${path}?${form.toString()}`, { method, headers }, options);
  }

  async #accessToken(options?: CallOptions): Promise<string | undefined> {
    const { login } = this.#options;
    if (login === undefined) return undefined;
    if (this.#token !== undefined && this.#token.until > Date.now()) return this.#token.value;
    const body = new URLSearchParams({ ...login });
    const answer = await this.#fetch("/nacos/v3/auth/user/login", { method: "POST", body }, options);
    if (!answer.ok)
      throw new RuntimeError("permission_denied", `${this.name} refuses the login: HTTP ${answer.status}.`);
    const said = (await answer.json()) as { readonly data?: unknown };
    // Nacos wraps it in `data` or not, depending on its version.
    const { accessToken, tokenTtl = defaultTokenSeconds } = parse(loginSchema, said.data ?? said, "answer of Nacos");
    this.#token = { value: accessToken, until: Date.now() + tokenTtl * 1000 - tokenMarginMs };
    return accessToken;
  }

  async #fetch(path: string, init: RequestInit, { signal }: CallOptions = {}): Promise<Response> {
    const { url, timeoutMs = defaultTimeoutMs } = this.#options;
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await fetch(url + path, {
        ...init,
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
    } catch (thrown) {
      signal?.throwIfAborted();
      throw new RuntimeError("unavailable", `${this.name} could not be reached.`, { cause: thrown });
    }
  }
}
