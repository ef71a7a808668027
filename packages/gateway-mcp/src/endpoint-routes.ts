import type { Route } from "@agentscope-runtime/core";
import { z } from "zod";
import { challenging, metadataRoutes } from "./authorization.ts";
import type { McpAuthorization } from "./authorization.ts";
import type { McpEndpoint } from "./mcp-endpoint.ts";

/** JSON-RPC, as far as OpenAPI need know. */
const messageSchema = z.looseObject({ jsonrpc: z.literal("2.0") });

/** The routes of an endpoint at a path, and of what clients must know to be let in. */
export function endpointRoutes(
  { post, get }: McpEndpoint,
  path: string,
  authorization: McpAuthorization | undefined,
): readonly Route[] {
  const errorReply = challenging(authorization);
  const doc = { tag: "mcp", events: messageSchema };
  return [
    ...(authorization === undefined ? [] : metadataRoutes(authorization)),
    {
      method: "POST",
      path,
      doc: { ...doc, summary: "A message of the Model Context Protocol.", body: messageSchema },
      handle: post,
      errorReply,
    },
    {
      method: "GET",
      path,
      doc: { ...doc, summary: "The rest of an answer, after the event that Last-Event-ID names." },
      handle: get,
      errorReply,
    },
  ];
}
