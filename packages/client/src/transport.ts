import { RuntimeError } from "@agentscope-runtime/protocol";
import { replyError } from "./reply-error.ts";
import { Retries } from "./retries.ts";
import type { RetryOptions } from "./retries.ts";
import { retryAfterMs } from "./retry-after.ts";
import { Transient } from "./transient.ts";
import { untilAborted } from "./until-aborted.ts";

/** A token, or where a fresh one comes from. */
export type Token = string | (() => Promise<string> | string);

export interface TransportOptions {
  /** Where the app is mounted, such as `https://agents.example.com` or, in a browser, `/api`. */
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer`. A function is asked before every request, so that it may renew it. */
  readonly token?: Token | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default: the global one. */
  readonly fetch?: typeof fetch | undefined;
  readonly retry?: RetryOptions | undefined;
}

/** One request. Each of them may be repeated: what it does, it does once. */
export interface Call {
  readonly method: "GET" | "POST" | "DELETE";
  /** Below the base URL, encoded. */
  readonly path: string;
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  /** JSON text. */
  readonly body?: string;
  readonly accept: "application/json" | "text/event-stream";
}

const transientStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Sends requests to one server. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #baseUrl: string;

  /** Opens nothing. `invalid_argument` when the base URL is none. */
  constructor(options: TransportOptions) {
    this.#options = options;
    this.#baseUrl = parseBaseUrl(options.baseUrl);
  }

  retries(signal: AbortSignal | undefined): Retries {
    return new Retries(this.#options.retry ?? {}, signal);
  }

  /** Sends it, again while that may help, until `read` has made something of a good reply. */
  async ask<T>(call: Call, signal: AbortSignal | undefined, read: (response: Response) => Promise<T> | T): Promise<T> {
    const retries = this.retries(signal);
    for (;;) {
      try {
        return await read(await this.send(call, signal));
      } catch (thrown) {
        await retries.after(thrown);
      }
    }
  }

  /** Sends it once. Resolves with a good reply whose body is still to be read; a failure that may pass is a `Transient`. */
  async send({ method, path, query = {}, body, accept }: Call, signal: AbortSignal | undefined): Promise<Response> {
    signal?.throwIfAborted();
    const headers = await untilAborted(this.#headers(accept, body !== undefined), signal);
    const url = this.#baseUrl + path + searchOf(query);
    const response = await this.#fetch(url, { method, headers, body: body ?? null, signal: signal ?? null });
    if (response.ok) return response;
    const error = await replyError(response, signal);
    if (!transientStatuses.has(response.status)) throw error;
    throw new Transient(error, retryAfterMs(response.headers.get("retry-after"), Date.now()));
  }

  async #fetch(url: string, init: RequestInit & { readonly signal: AbortSignal | null }): Promise<Response> {
    // On its own: a browser's `fetch` does not want to be a method of something else.
    const { fetch: send = fetch } = this.#options;
    try {
      return await send(url, init);
    } catch (cause) {
      init.signal?.throwIfAborted();
      const message = `The server at ${this.#baseUrl} cannot be reached.`;
      throw new Transient(new RuntimeError("unavailable", message, { cause }));
    }
  }

  async #headers(accept: string, hasBody: boolean): Promise<Headers> {
    const { headers = {}, token } = this.#options;
    const value = typeof token === "function" ? await freshToken(token) : token;
    try {
      const all = new Headers(headers);
      all.set("accept", accept);
      if (hasBody) all.set("content-type", "application/json");
      if (value !== undefined) all.set("authorization", `Bearer ${value}`);
      return all;
    } catch (cause) {
      throw new RuntimeError("invalid_argument", "Invalid headers: a name or a value cannot be sent.", { cause });
    }
  }
}

async function freshToken(token: () => Promise<string> | string): Promise<string> {
  try {
    return await token();
  } catch (thrown) {
    if (RuntimeError.is(thrown)) throw thrown;
    throw new RuntimeError("unauthenticated", "There is no token to send.", { cause: thrown });
  }
}

/** In a browser it may be a path. */
function parseBaseUrl(baseUrl: string): string {
  try {
    const { protocol } = new URL(new Request(baseUrl).url);
    if (/^https?:$/.test(protocol) && !/[?#]/.test(baseUrl)) return baseUrl.replace(/\/+$/, "");
  } catch (cause) {
    throw invalidBaseUrl(cause);
  }
  throw invalidBaseUrl();
}

function invalidBaseUrl(cause?: unknown): RuntimeError {
  return new RuntimeError("invalid_argument", "Invalid baseUrl: give an http: or https: URL without a query.", {
    cause,
    details: { field: "baseUrl" },
  });
}

function searchOf(query: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? "" : `?${search.toString()}`;
}
