import type { HttpMethod, RouteDoc } from "@agentscope-runtime/core";
import {
  cellRequestSchema,
  commitRequestSchema,
  diffRequestSchema,
  execRequestSchema,
  listRequestSchema,
  mcpServersRequestSchema,
  moveRequestSchema,
  pathRequestSchema,
  toolRequestSchema,
} from "../box/box-schemas.ts";

interface BoxRouteDoc {
  readonly method: HttpMethod;
  readonly path: string;
  readonly doc: RouteDoc;
}

/** The box protocol's routes, for a router and for people. */
export const boxRouteDocs: readonly BoxRouteDoc[] = [
  get("/health", "Whether it is ready."),
  post(
    "/execs",
    "Run a command: a line of JSON, then its stdin; events come back as lines of JSON.",
    execRequestSchema,
  ),
  { method: "DELETE", path: "/execs/:execId", doc: { summary: "Kill a command; answers when it is gone." } },
  post("/cells", "Run a Python cell; outputs come back as lines of JSON.", cellRequestSchema),
  post("/kernel/restart", "Begin a new Python, without variables."),
  get("/files", "A file's bytes; `path` in the query."),
  { method: "PUT", path: "/files", doc: { summary: "Write a file; `path` in the query, its bytes as body." } },
  post("/files/list", "List a directory.", listRequestSchema),
  post("/files/stat", "What is at a path.", pathRequestSchema),
  post("/files/move", "Move a file or a directory.", moveRequestSchema),
  post("/files/remove", "Remove a file or a directory.", pathRequestSchema),
  post("/files/mkdir", "Make a directory.", pathRequestSchema),
  post("/files/watch", "What changes below a directory, as lines of JSON.", pathRequestSchema),
  post("/history/commit", "Record all files as they are.", commitRequestSchema),
  post("/history/diff", "What has changed.", diffRequestSchema),
  get("/history", "The commits, newest first."),
  get("/tools", "The tools in the sandbox."),
  post("/tools/call", "Call a tool.", toolRequestSchema),
  post("/mcp-servers", "Start MCP servers in the sandbox.", mcpServersRequestSchema),
];

function get(path: string, summary: string): BoxRouteDoc {
  return { method: "GET", path, doc: { summary } };
}

function post(path: string, summary: string, body?: RouteDoc["body"]): BoxRouteDoc {
  return { method: "POST", path, doc: { summary, ...(body && { body }) } };
}
