import { RuntimeError } from "@agentscope-runtime/protocol";
import { localhostAllowedHostnames } from "@modelcontextprotocol/server";
import type { HttpRequest } from "@agentscope-runtime/core";

export interface OriginGuardOptions {
  /** Host names of the web pages that may call, beside those of this machine. */
  readonly allowedOrigins: readonly string[];
  /** The host names by which the server may be called. Default: any. */
  readonly allowedHosts: readonly string[] | undefined;
}

/**
 * Refuses requests of web pages that nobody has allowed, so that a page whose name suddenly means this machine gets nowhere.
 * Programs send no Origin.
 */
export function assertOrigin({ headers }: HttpRequest, { allowedOrigins, allowedHosts }: OriginGuardOptions): void {
  const { origin, host } = headers;
  if (origin !== undefined && !isAmong(hostnameOf(origin), [...localhostAllowedHostnames(), ...allowedOrigins])) {
    throw new RuntimeError("permission_denied", "This origin may not call: add it to `allowedOrigins`.");
  }
  if (allowedHosts !== undefined && !isAmong(hostnameOf(`http://${host ?? ""}`), allowedHosts)) {
    throw new RuntimeError("permission_denied", "The server does not go by this host name: add it to `allowedHosts`.");
  }
}

function hostnameOf(url: string): string | undefined {
  return URL.parse(url)?.hostname;
}

function isAmong(hostname: string | undefined, allowed: readonly string[]): boolean {
  return hostname !== undefined && allowed.includes(hostname);
}
