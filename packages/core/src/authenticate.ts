import { sha256 } from "@agentscope-runtime/services";
import type { HttpRequest } from "./http.ts";
import type { Identity } from "./identity.ts";

/** Says who sends a request; undefined is answered with 401. A RuntimeError that it throws is answered with its own code. */
export type Authenticate = (request: HttpRequest) => Promise<Identity | undefined> | Identity | undefined;

/**
 * Accepts `Authorization: Bearer KEY`, or `x-api-key: KEY`, for the keys of this table, each of which stands for a user.
 *
 * @example
 * ```ts
 * new AgentApp({ query, authenticate: apiKeys({ [process.env.ADA_KEY]: { userId: "ada" } }) });
 * ```
 */
export function apiKeys(keys: Readonly<Record<string, Identity>>): Authenticate {
  const { timingSafeEqual } = process.getBuiltinModule("node:crypto"); // Not with the package: see `sha256`.
  const known = Object.entries(keys).map(([key, identity]) => ({ digest: digestOf(key), identity }));
  return ({ headers }) => {
    const [, bearer] = /^Bearer +(.+)$/i.exec(headers["authorization"] ?? "") ?? [];
    const key = bearer ?? headers["x-api-key"];
    if (key === undefined) return undefined;
    // All of them are compared, in constant time, so that the answer's delay tells nothing.
    const digest = digestOf(key);
    return known.filter((candidate) => timingSafeEqual(candidate.digest, digest))[0]?.identity;
  };
}

function digestOf(key: string): Buffer {
  return Buffer.from(sha256(key, "hex"), "hex");
}
