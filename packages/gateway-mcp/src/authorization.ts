import type { HttpReply, Route } from "@agentscope-runtime/core";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { toErrorReply } from "./rpc-error.ts";

/** How clients get a token that the app's `authenticate` accepts. */
export interface McpAuthorization {
  /** The public URL of the MCP endpoint, such as `https://agents.example.com/mcp`. */
  readonly resource: string;
  /** The issuers whose tokens are accepted. */
  readonly authorizationServers: readonly string[];
  /** What a client should ask for. */
  readonly scopes?: readonly string[];
}

const metadataSchema = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.string()),
  scopes_supported: z.array(z.string()).optional(),
  bearer_methods_supported: z.array(z.string()),
});

const wellKnown = "/.well-known/oauth-protected-resource";

/** Tells clients where to get a token: RFC 9728. `invalid_argument` when `resource` is no URL. */
export function metadataRoutes(authorization: McpAuthorization): readonly Route[] {
  const { resource, authorizationServers, scopes } = authorization;
  const { pathname } = resourceUrl(authorization);
  const json = {
    resource,
    authorization_servers: authorizationServers,
    ...(scopes === undefined ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ["header"],
  };
  const paths = new Set([wellKnown, `${wellKnown}${pathname === "/" ? "" : pathname}`]);
  return [...paths].map((path) => ({
    method: "GET",
    path,
    public: true,
    doc: { summary: "Where clients of MCP get a token.", tag: "mcp", reply: metadataSchema },
    // Also pages of other origins may read it: clients in browsers do.
    handle: () => ({ status: 200, headers: { "access-control-allow-origin": "*" }, body: { json } }),
  }));
}

/** Errors as replies; who is not known is told how to become so. */
export function challenging(authorization: McpAuthorization | undefined): (error: RuntimeError) => HttpReply {
  const challenge = authorization === undefined ? "Bearer" : challengeOf(authorization);
  return (error) => {
    const reply = toErrorReply(error);
    if (error.code !== "unauthenticated") return reply;
    return { ...reply, headers: { ...reply.headers, "www-authenticate": challenge } };
  };
}

function challengeOf(authorization: McpAuthorization): string {
  const { origin, pathname } = resourceUrl(authorization);
  const scope = authorization.scopes === undefined ? "" : `, scope="${authorization.scopes.join(" ")}"`;
  return `Bearer resource_metadata="${origin}${wellKnown}${pathname === "/" ? "" : pathname}"${scope}`;
}

function resourceUrl({ resource }: McpAuthorization): URL {
  const url = URL.parse(resource);
  if (url !== null && /^https?:$/.test(url.protocol) && url.hash === "") return url;
  throw new RuntimeError(
    "invalid_argument",
    "Invalid MCP options: authorization.resource: give the endpoint's public URL.",
    {
      details: { field: "authorization.resource" },
    },
  );
}
