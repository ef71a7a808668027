import { lookup as ask } from "node:dns";
import type { LookupAddress, LookupAllOptions } from "node:dns";
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { publicAddresses } from "./public-address.ts";

export interface GuardOptions {
  /** Hosts that may be anywhere, also on this machine: names, or addresses, without a port. Default none. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Milliseconds from the connection to the end of the answer. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Finds the addresses of a name. Default: `dns.lookup`. */
  readonly resolve?: Resolve | undefined;
}

type Resolve = (
  host: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

interface GuardedRequest {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

interface GuardedReply {
  readonly status: number;
  /** The beginning of it. */
  readonly text: string;
}

export interface Guard {
  /** Throws `invalid_argument` for a URL that no request is sent to, as far as it can be told without asking for its address. */
  assertAllowed(url: string): URL;
  /** Follows no redirect. `permission_denied` when the host's address is not public, `unavailable` when nobody answers. */
  send(url: string, request: GuardedRequest): Promise<GuardedReply>;
}

const defaultTimeoutMs = 10_000;
const mostText = 4_096;

/**
 * Sends requests to URLs that strangers have given. The address that a name stands for is checked in the very look-up that
 * the connection is made with, so that no second answer of the name server can lead anywhere else.
 */
export function createGuard({
  allowedHosts = [],
  timeoutMs = defaultTimeoutMs,
  resolve = ask,
}: GuardOptions = {}): Guard {
  const isPublic = publicAddresses();
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  const mayBeAnywhere = (host: string): boolean => allowed.has(host.toLowerCase());

  const lookup: LookupFunction = (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      const found = error === null ? addresses : [];
      const [first] = found;
      // One bad address is enough: a name that has good ones too was made to get past here.
      if (first === undefined || (!mayBeAnywhere(host) && !found.every(({ address }) => isPublic(address)))) {
        done(error ?? refused(host), "", 0);
      } else if (options.all === true) done(null, found);
      else done(null, first.address, first.family);
    });
  };

  function assertAllowed(text: string): URL {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:"))
      throw wrongUrl("use http or https");
    if (url.username !== "" || url.password !== "") throw wrongUrl("leave user and password out");
    const host = hostOf(url);
    const isLocal = /(?:^|\.)(?:localhost|local|internal)\.?$/i.test(host) || (isIP(host) !== 0 && !isPublic(host));
    if (isLocal && !mayBeAnywhere(host)) throw wrongUrl("use a host on the public internet");
    return url;
  }

  return {
    assertAllowed,
    send: async (text, { method, headers, body, signal }) => {
      const url = assertAllowed(text);
      const { promise, resolve: answered, reject } = Promise.withResolvers<GuardedReply>();
      const timeout = AbortSignal.timeout(timeoutMs);
      const until = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
      const send = url.protocol === "https:" ? requestHttps : requestHttp;
      const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
      const request = send(url, { method, headers: { ...headers, ...length }, lookup, signal: until, agent: false });
      request.on("error", reject).on("response", (response) => {
        let said = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          if (said.length < mostText) said += chunk;
          else response.destroy();
        });
        response.on("error", reject).on("close", () => {
          answered({ status: response.statusCode ?? 0, text: said.slice(0, mostText) });
        });
      });
      request.end(body);
      try {
        return await promise;
      } catch (thrown) {
        signal?.throwIfAborted();
        if (RuntimeError.is(thrown)) throw thrown;
        throw new RuntimeError("unavailable", `${url.host} could not be reached.`, { cause: thrown });
      }
    },
  };
}

function hostOf({ hostname }: URL): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}

function wrongUrl(remedy: string): RuntimeError {
  return new RuntimeError("invalid_argument", `Invalid request: url: ${remedy}.`, { details: { field: "url" } });
}

function refused(host: string): NodeJS.ErrnoException {
  return new RuntimeError("permission_denied", `${host} is not on the public internet.`);
}
