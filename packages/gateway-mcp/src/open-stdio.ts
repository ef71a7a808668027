import type { Readable, Writable } from "node:stream";
import type { Identity } from "@agentscope-runtime/core";
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { createServer } from "./create-server.ts";
import type { ServerOptions } from "./create-server.ts";

export interface McpStdioOptions {
  /** Whose client it is: what is started belongs to this user. Default: nobody's in particular. */
  readonly identity?: Identity;
  /** Default: the process's own standard input and output. Nothing else may be written there. */
  readonly input?: Readable;
  readonly output?: Writable;
}

/** One client over stdio. Disposing ends it, and stops what it has called. */
export interface McpStdio extends AsyncDisposable {
  /** Resolves when the client has closed its end, or when this was disposed. */
  readonly closed: Promise<void>;
}

/** Speaks MCP, both protocol versions, with the client that has started this process. */
export function openStdio(options: ServerOptions, { identity, input, output }: McpStdioOptions): McpStdio {
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  const exchange = { caller: { identity }, written: async () => Promise.resolve() };
  const transport = new StdioServerTransport(input, output);
  const handle = serveStdio(async () => createServer(options, exchange), { transport });
  // The library has its own callback there by now.
  const onclose = transport.onclose?.bind(transport);
  Object.assign(transport, {
    onclose: () => {
      onclose?.();
      resolve(undefined);
    },
  });
  return {
    closed,
    [Symbol.asyncDispose]: async () => {
      await handle.close();
      resolve(undefined);
    },
  };
}
