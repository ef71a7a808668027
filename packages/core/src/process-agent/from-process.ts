import { errorInfoSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { AgentRequest } from "@agentscope-runtime/protocol";
import type { AgentOutput } from "../agent-output.ts";
import { checkOutput } from "../check-output.ts";
import type { RunContext } from "../run-context.ts";
import type { QueryHandler } from "../runner.ts";
import { AgentProcess } from "./agent-process.ts";
import type { ProcessEnd } from "./agent-process.ts";
import { splitLines } from "./split-lines.ts";

/** A program and its arguments; no shell reads them. */
export type ProcessCommand = readonly [program: string, ...programArguments: string[]];

export interface FromProcessOptions {
  /** Where the process runs. Default: where this one does. */
  readonly cwd?: string;
  /** All of its environment. Default: that of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** So many messages of the session's history are sent with the request. Default 50, at the most 1,000. */
  readonly historyLimit?: number;
  /** The longest line that it may write, in bytes. Default 16 MiB. */
  readonly maxLineBytes?: number;
  /** How long it may take to end when it was asked to, in milliseconds; then it is killed. Default 2,000. */
  readonly killGraceMs?: number;
}

const defaultHistoryLimit = 50;
const defaultMaxLineBytes = 16 * 1024 * 1024;
const defaultKillGraceMs = 2_000;

/**
 * An agent in any language, as a process for each request.
 *
 * It reads one line of JSON from its standard input: the request as an agent is given it, with `history`, the session's messages
 * before it, and `agent`, its name. It writes AgentOutput to its standard output, each as one line of JSON: a string is a piece of text.
 * Empty lines are passed over. What it writes to its standard error goes to the run's logger. It is done when it ends with the exit code 0.
 *
 * It fails by a line `{"type":"error","code":"invalid_argument","message":"…"}`, with one of our codes, whose message the caller is told;
 * by any other exit code, or by a line that is no AgentOutput, which are `internal`, name the line and stop it. A program that cannot
 * be started is `unavailable`.
 *
 * When the run is stopped, or the loop is left, the process and all that it has started get SIGTERM and, after `killGraceMs`,
 * SIGKILL; the run ends when the process has. What a process has left behind when it ends is killed too.
 *
 * @example
 * ```ts
 * const app = new AgentApp({ query: fromProcess(["python3", "agent.py"]) });
 * ```
 */
export function fromProcess(command: ProcessCommand, options: FromProcessOptions = {}): QueryHandler {
  return async function* (request, context): AsyncGenerator<AgentOutput> {
    const { killGraceMs = defaultKillGraceMs } = options;
    const { signal, logger } = context;
    const text = await textFor(request, context, options);
    signal.throwIfAborted();
    const agent = new AgentProcess(command, options, logger);
    const stop = (): void => {
      void agent.stop(killGraceMs);
    };
    signal.addEventListener("abort", stop);
    try {
      agent.send(text);
      yield* outputs(agent, options, context);
      signal.throwIfAborted();
      const problem = problemOf(await agent.ended);
      if (problem !== undefined) throw problem;
    } finally {
      signal.removeEventListener("abort", stop);
      await agent.stop(killGraceMs);
    }
  };
}

/** The request as one line. What a caller calls `history` or `agent` is not ours, and not sent. */
async function textFor(
  request: AgentRequest,
  { session, agent }: RunContext,
  { historyLimit: limit = defaultHistoryLimit }: FromProcessOptions,
): Promise<string> {
  const history = limit === 0 ? [] : await historyOf(session, limit);
  return `${JSON.stringify({ ...request, history, agent })}\n`;
}

/** An app need not keep sessions. */
async function historyOf(session: RunContext["session"], limit: number): Promise<readonly unknown[]> {
  try {
    return (await session.history({ limit })).items;
  } catch (thrown) {
    if (RuntimeError.is(thrown) && thrown.code === "unimplemented") return [];
    throw thrown;
  }
}

async function* outputs(
  agent: AgentProcess,
  { maxLineBytes = defaultMaxLineBytes }: FromProcessOptions,
  { signal, logger }: RunContext,
): AsyncGenerator<AgentOutput> {
  let count = 0;
  try {
    for await (const line of splitLines(agent.stdout, maxLineBytes)) {
      count += 1;
      const output = parseLine(line, count, logger);
      if (output !== undefined) yield output;
    }
  } catch (thrown) {
    signal.throwIfAborted();
    // A descendant that has left the group held the pipe when the process was gone: what it writes is not the agent's.
    if (isPrematureClose(thrown)) return;
    if (!RuntimeError.is(thrown) || thrown.code !== "resource_exhausted") throw thrown;
    throw new RuntimeError("internal", `Line ${count + 1} of the agent's output is longer than ${maxLineBytes} bytes.`);
  }
}

function isPrematureClose(thrown: unknown): boolean {
  return (
    typeof thrown === "object" && thrown !== null && "code" in thrown && thrown.code === "ERR_STREAM_PREMATURE_CLOSE"
  );
}

/** Undefined for an empty line. */
function parseLine(line: Buffer, count: number, logger: RunContext["logger"]): AgentOutput | undefined {
  if (line.length === 0 || line.toString("latin1").trim() === "") return undefined;
  const value = parseJson(line);
  if (value === undefined) throw badLine(line, count, { logger, what: "is no JSON" });
  if (typeof value === "string") return value;
  if (isError(value)) throw RuntimeError.fromInfo(errorInfoSchema.parse(value));
  try {
    return checkOutput(value);
  } catch (cause) {
    const what = RuntimeError.is(cause) ? `is no AgentOutput: ${cause.message}` : "is no AgentOutput";
    throw badLine(line, count, { logger, what });
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Undefined is no value of JSON. */
function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(line));
  } catch {
    return undefined;
  }
}

function isError(value: unknown): boolean {
  const isTyped = typeof value === "object" && value !== null && "type" in value && value.type === "error";
  return isTyped && errorInfoSchema.safeParse(value).success;
}

const shownBytes = 200;

/** What stands in the line is for the log: it may be anything, and callers are told the error. */
function badLine(
  line: Buffer,
  count: number,
  { logger, what }: { readonly logger: RunContext["logger"]; readonly what: string },
): RuntimeError {
  logger.error({ line: line.toString("utf8", 0, shownBytes), count }, `A line of the agent's output ${what}`);
  return new RuntimeError("internal", `Line ${count} of the agent's output ${what}`, { details: { line: count } });
}

function problemOf(end: ProcessEnd): RuntimeError | undefined {
  if ("failed" in end) {
    return new RuntimeError("unavailable", "The agent's program could not be started.", { cause: end.failed });
  }
  const { exitCode, killedBy } = end;
  if (exitCode === 0) return undefined;
  const how = killedBy === null ? `with the exit code ${exitCode}` : `by ${killedBy}`;
  const details = killedBy === null ? { exitCode } : { signal: killedBy };
  return new RuntimeError("internal", `The agent's process ended ${how}.`, { details });
}
