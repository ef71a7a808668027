import { describeGateway } from "@agentscope-runtime/core/testing";
import type { GatewayAnswer, GatewayQuestion } from "@agentscope-runtime/core/testing";
import { serve } from "@agentscope-runtime/express";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as ClientOf2025 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportOf2025 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { mcpGateway } from "./index.ts";

interface Progress {
  readonly message?: string | undefined;
  readonly _meta?: Readonly<Record<string, unknown>> | undefined;
}

interface Calling {
  readonly signal: AbortSignal;
  readonly onprogress?: (progress: Progress) => void;
}

interface Result {
  readonly content: readonly { readonly type: string; readonly text?: unknown }[];
  readonly isError?: boolean | undefined;
}

/** An official client that is connected. */
interface Connected {
  readonly call: (text: string, calling: Calling) => Promise<Result>;
  readonly close: () => Promise<void>;
}

type Connect = (url: URL, headers: Record<string, string>) => Promise<Connected>;

const info = { name: "test", version: "1.0.0" };
const timeout = 60_000;

const connectOf2025: Connect = async (url, headers) => {
  const client = new ClientOf2025(info);
  const transport = new TransportOf2025(url, { requestInit: { headers } });
  await client.connect(transport);
  return {
    call: async (message, calling) =>
      client.callTool({ name: "agent", arguments: { message } }, undefined, {
        timeout,
        ...calling,
      }) as Promise<Result>, // The other kind of result is of servers before 2024-11-05.
    close: async () => client.close(),
  };
};

function connectOf2026(mode: "legacy" | { readonly pin: string }): Connect {
  return async (url, headers) => {
    const client = new Client(info, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    return {
      call: async (message, calling) =>
        client.callTool({ name: "agent", arguments: { message } }, { timeout, ...calling }),
      close: async () => client.close(),
    };
  };
}

/** The text of a call in pieces, as the client is told of its progress. */
async function* streamed(connected: Connected, text: string, signal: AbortSignal): AsyncGenerator<string> {
  const waiting: string[] = [];
  let wake = Promise.withResolvers<undefined>();
  const onprogress = ({ message = "", _meta: meta }: Progress): void => {
    const { type } = (meta?.["agentscope"] ?? {}) as { readonly type?: unknown };
    if (type === "text") waiting.push(message);
    wake.resolve(undefined);
  };
  const ended = connected.call(text, { signal, onprogress });
  ended
    .finally(() => {
      wake.resolve(undefined);
    })
    .catch(() => undefined);
  const isOver = ended.then(
    () => true,
    () => true,
  );
  for (;;) {
    yield* waiting.splice(0);
    if (await Promise.race([isOver, wake.promise.then(() => false)])) break;
    wake = Promise.withResolvers();
  }
  yield* waiting.splice(0);
  const { content, isError } = await ended;
  if (isError === true) throw new Error(textOf(content));
}

function textOf(content: Result["content"]): string {
  return content.map(({ text }) => (typeof text === "string" ? text : "")).join("");
}

/** What a client throws has the HTTP status in one of these places. */
function withStatus(thrown: unknown): Error {
  const error = thrown as Error & { readonly status?: unknown; readonly code?: unknown; readonly data?: unknown };
  const data = (error.data ?? {}) as { readonly status?: unknown };
  const status = error.status ?? data.status ?? error.code;
  return Object.assign(new Error(error.message, { cause: thrown }), { status });
}

function asking(connect: Connect, isModern: boolean) {
  return async ({ url, text, stream = true, apiKey, signal }: GatewayQuestion): Promise<GatewayAnswer> => {
    const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
    try {
      const connected = await connect(new URL("/mcp", url), headers);
      const stop = new AbortController();
      signal?.addEventListener("abort", () => {
        if (isModern) stop.abort();
        else void connected.close();
      });
      if (!stream) return { pieces: whole(connected, await connected.call(text, stop)) };
      const pieces = streamed(connected, text, stop.signal);
      const first = await pieces.next();
      return {
        pieces: rest(connected, first, pieces),
        cancel: async () => {
          stop.abort();
          return Promise.resolve();
        },
      };
    } catch (thrown) {
      throw withStatus(thrown);
    }
  };
}

async function* whole(connected: Connected, { content, isError }: Result): AsyncGenerator<string> {
  await connected.close();
  if (isError === true) throw new Error(textOf(content));
  yield textOf(content);
}

async function* rest(
  connected: Connected,
  first: IteratorResult<string>,
  pieces: AsyncGenerator<string>,
): AsyncGenerator<string> {
  try {
    if (first.done !== true) yield first.value;
    yield* pieces;
  } finally {
    await connected.close();
  }
}

const serving = {
  gateway: mcpGateway,
  serve: async (app: Parameters<typeof serve>[0]) => serve(app, { port: 0, closeOnSignals: false, drainMs: 100 }),
};

describeGateway("MCP with the client of 2025", { ...serving, ask: asking(connectOf2025, false) });
describeGateway("MCP with the client of 2026, as it speaks by default", {
  ...serving,
  ask: asking(connectOf2026("legacy"), false),
});
describeGateway("MCP 2026-07-28", { ...serving, ask: asking(connectOf2026({ pin: "2026-07-28" }), true) });
