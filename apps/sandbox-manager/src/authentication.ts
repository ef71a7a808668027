import { apiKeys } from "@agentscope-runtime/core";
import type { Authenticate } from "@agentscope-runtime/core";
import { createRemoteJWKSet, jwtVerify } from "jose";
import type { JWTVerifyOptions } from "jose";
import type { Settings } from "./settings.ts";

/** API keys, JSON Web Tokens, or both; undefined when neither is set: then all callers are one. */
export function authenticationFrom(settings: Settings): Authenticate | undefined {
  const { API_KEYS: keys, JWKS_URL: url, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = settings;
  const byKey = keys && apiKeys(keys);
  const byToken =
    url === undefined ? undefined : jsonWebTokens(url, { ...(issuer && { issuer }), ...(audience && { audience }) });
  if (byKey === undefined && byToken === undefined) return undefined;
  return async (request) => (await byKey?.(request)) ?? (await byToken?.(request));
}

/** Whoever has a token that one of the keys at this URL has signed is who its `sub` says. */
function jsonWebTokens(url: string, options: JWTVerifyOptions): Authenticate {
  const keySet = createRemoteJWKSet(new URL(url));
  return async ({ headers }) => {
    const [, token] = /^Bearer +(.+)$/i.exec(headers["authorization"] ?? "") ?? [];
    if (token === undefined) return undefined;
    try {
      const { payload } = await jwtVerify(token, keySet, { ...options, requiredClaims: ["sub", "exp"] });
      return payload.sub === undefined ? undefined : { userId: payload.sub };
    } catch {
      return undefined; // Whatever is wrong with it, it lets nobody in.
    }
  };
}
