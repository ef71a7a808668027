import { errorReply } from "@agentscope-runtime/core";
import type { HttpHandler, HttpReply, HttpRequest } from "@agentscope-runtime/core";
import { parse, RuntimeError } from "@agentscope-runtime/protocol";
import type { z } from "zod";
import type { ExecEvent, ExecOptions } from "../exec.ts";
import type { CellOutput, CellResult } from "../ipython.ts";
import type { Sandbox } from "../sandbox.ts";
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
} from "./box-schemas.ts";
import { assertToken } from "./box-token.ts";
import { endWith, eventLines } from "./event-lines.ts";
import { ExecCalls } from "./exec-calls.ts";
import { splitBody } from "./split-body.ts";

export interface BoxDoorOptions {
  /** Whoever calls has to know it. Left out, everybody may who reaches it. */
  readonly token?: string;
}

type Answer = (request: HttpRequest) => Promise<HttpReply>;

const maxBodyBytes = 64 * 1024 * 1024;

/**
 * Serves a sandbox in the box protocol, which `openBox` speaks. What is not a path of the protocol is left to the next handler.
 */
export function boxHandler(sandbox: Sandbox, { token }: BoxDoorOptions = {}): HttpHandler {
  const routes = { ...commandRoutes(sandbox), ...fileRoutes(sandbox), ...otherRoutes(sandbox) };
  return async (request) => {
    const answer = routes[`${request.method} ${request.path.replace(/^\/execs\/.+/, "/execs/:id")}`];
    if (answer === undefined) return undefined;
    try {
      assertToken(token, request);
      return await answer(request);
    } catch (thrown) {
      return errorReply(thrown);
    }
  };
}

function commandRoutes(sandbox: Sandbox): Readonly<Record<string, Answer>> {
  const calls = new ExecCalls();
  return {
    "POST /execs": async (request) => {
      const { head, rest } = await splitBody(request.readBytes(Number.POSITIVE_INFINITY));
      const { id, command, stdin, ...options } = parse(execRequestSchema, head, "command");
      const { signal, done } = calls.begin(id, request.signal);
      const given = {
        ...options,
        env: { ...traceOf(request), ...options.env },
        signal,
        ...(stdin && { stdin: rest }),
      };
      const events = typeof command === "string" ? shellEvents(sandbox, command, given) : sandbox.exec(command, given);
      return eventLines(untilDone(events, done), request.signal, (error) => ({ type: "error", error }));
    },
    "DELETE /execs/:id": async ({ path }) => {
      await calls.cancel(decodeURIComponent(path.slice("/execs/".length)));
      return json({});
    },
    "POST /cells": async (request) => {
      const { code, timeoutMs } = await bodyOf(request, cellRequestSchema);
      const events = cellEvents(sandbox, { code, timeoutMs, signal: request.signal });
      return eventLines(events, request.signal, (error) => ({ type: "failed", error }));
    },
    "POST /kernel/restart": async ({ signal }) => {
      await sandbox.restartKernel({ signal });
      return json({});
    },
  };
}

function fileRoutes({ files }: Sandbox): Readonly<Record<string, Answer>> {
  return {
    "GET /files": async (request) => {
      const options = { signal: request.signal };
      const path = pathOf(request);
      const isWhole = queryOf(request, "whole") === "1";
      return bytesReply(isWhole ? whole(files.read(path, options)) : files.stream(path, options), request.signal);
    },
    "PUT /files": async (request) => {
      const bytes = request.readBytes(Number.POSITIVE_INFINITY);
      return json({ entry: await files.write(pathOf(request), bytes, { signal: request.signal }) });
    },
    "POST /files/list": async (request) => {
      const { path, ...options } = await bodyOf(request, listRequestSchema);
      return json({ entries: await files.list(path, { ...options, signal: request.signal }) });
    },
    "POST /files/stat": async (request) => {
      const { path } = await bodyOf(request, pathRequestSchema);
      return json({ entry: await files.stat(path, { signal: request.signal }) });
    },
    "POST /files/move": async (request) => {
      const { source, destination } = await bodyOf(request, moveRequestSchema);
      return json({ entry: await files.move(source, destination, { signal: request.signal }) });
    },
    "POST /files/remove": async (request) => {
      const { path } = await bodyOf(request, pathRequestSchema);
      await files.remove(path, { signal: request.signal });
      return json({});
    },
    "POST /files/mkdir": async (request) => {
      const { path } = await bodyOf(request, pathRequestSchema);
      return json({ made: await files.mkdir(path, { signal: request.signal }) });
    },
    "POST /files/watch": async (request) => {
      const { path } = await bodyOf(request, pathRequestSchema);
      const events = batches(files.watch(path, { signal: request.signal }));
      return eventLines(events, request.signal, (error) => ({ type: "error", error }));
    },
  };
}

function otherRoutes(sandbox: Sandbox): Readonly<Record<string, Answer>> {
  const { history } = sandbox;
  return {
    "GET /health": async () => json({ status: "ready" }),
    "POST /history/commit": async (request) => {
      const { message } = await bodyOf(request, commitRequestSchema);
      return json({ commit: await history.commit(message, { signal: request.signal }) });
    },
    "POST /history/diff": async (request) => {
      const options = await bodyOf(request, diffRequestSchema);
      return json({ diff: await history.diff({ ...options, signal: request.signal }) });
    },
    "GET /history": async ({ signal }) => json({ commits: await history.log({ signal }) }),
    "GET /tools": async ({ signal }) => json({ tools: await sandbox.listTools({ signal }) }),
    "POST /tools/call": async (request) => {
      const call = await bodyOf(request, toolRequestSchema);
      return json(await sandbox.callTool(call.name, call.arguments, { signal: request.signal }));
    },
    "POST /mcp-servers": async (request) => {
      const { servers, ...options } = await bodyOf(request, mcpServersRequestSchema);
      await sandbox.addMcpServers(servers, { ...options, signal: request.signal });
      return json({});
    },
  };
}

/** What a command line said, when it has ended: whoever runs one waits for that. */
async function* shellEvents(
  sandbox: Sandbox,
  command: string,
  options: ExecOptions,
): AsyncGenerator<ExecEvent, void, undefined> {
  const { stdout, stderr, ...end } = await sandbox.runShellCommand(command, options);
  if (stdout !== "") yield { type: "stdout", text: stdout };
  if (stderr !== "") yield { type: "stderr", text: stderr };
  yield { type: "exit", ...end };
}

async function* untilDone(
  events: AsyncIterable<ExecEvent>,
  done: () => void,
): AsyncGenerator<ExecEvent, void, undefined> {
  try {
    yield* events;
  } finally {
    done();
  }
}

async function* cellEvents(
  sandbox: Sandbox,
  { code, timeoutMs, signal }: { code: string; timeoutMs: number | undefined; signal: AbortSignal },
): AsyncGenerator<object, void, undefined> {
  const waiting: CellOutput[] = []; // No more than a cell may say.
  let wake: (() => void) | undefined;
  let result: CellResult | undefined;
  let failure: { readonly reason: unknown } | undefined;
  const options = { signal, ...(timeoutMs !== undefined && { timeoutMs }) };
  const running = sandbox.runIpythonCell(code, {
    ...options,
    onOutput: (output) => {
      waiting.push(output);
      wake?.();
    },
  });
  running
    .then(
      (ended) => (result = ended),
      (reason: unknown) => (failure = { reason }),
    )
    .finally(() => {
      wake?.();
    });
  for (;;) {
    yield* waiting.splice(0);
    if (waiting.length > 0) continue;
    if (failure !== undefined) throw failure.reason;
    if (result !== undefined) {
      const { outputs: _, ...end } = result;
      yield { type: "end", ...end };
      return;
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    wake = () => {
      resolve(undefined);
    };
    await promise;
  }
}

async function* batches(all: AsyncIterable<object>): AsyncGenerator<object, void, undefined> {
  for await (const changes of all) yield { changes };
}

async function* whole(bytes: Promise<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  yield await bytes;
}

/** What fails before the first piece is an error's reply; what fails later breaks the connection. */
async function bytesReply(pieces: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<HttpReply> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  endWith(iterator, signal);
  return { status: 200, body: { bytes: all(), contentType: "application/octet-stream" } };

  async function* all(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for (let next = first; next.done !== true; next = await iterator.next()) yield next.value;
    } finally {
      await iterator.return?.();
    }
  }
}

async function bodyOf<S extends z.ZodType>(request: HttpRequest, schema: S): Promise<z.output<S>> {
  return parse(schema, await request.readJson(maxBodyBytes), "body");
}

function queryOf({ search }: HttpRequest, name: string): string | undefined {
  return new URLSearchParams(search).get(name) ?? undefined;
}

function pathOf(request: HttpRequest): string {
  const path = queryOf(request, "path");
  if (path !== undefined) return path;
  throw new RuntimeError("invalid_argument", "Invalid query: path: name a file.", { details: { field: "path" } });
}

/** The caller's trace goes on in the command. */
function traceOf({ headers }: HttpRequest): Readonly<Record<string, string>> {
  const { traceparent } = headers;
  return traceparent === undefined ? {} : { TRACEPARENT: traceparent };
}

function json(value: object): HttpReply {
  return { status: 200, body: { json: value } };
}
