import { posix } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Command, ExecEvent, ExecOptions, ExecStop } from "../exec.ts";
import type { Interpreter } from "./interpreter.ts";
import type { LocalLifetime } from "./local-lifetime.ts";
import { parseExecOptions } from "./parse-exec-options.ts";

/** It is all in memory before the command begins. */
const maxStdinBytes = 64 * 1024 * 1024;

/** Where an interpreter runs commands. */
export interface InterpretedPlace {
  readonly interpreter: Interpreter;
  /** The workspace, as commands see it. */
  readonly workspacePath: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly lifetime: LocalLifetime;
}

/** Runs a program, or a command line, in an interpreter; as `Sandbox.exec`, but that all output comes at the end. */
export async function* execInterpreted(
  place: InterpretedPlace,
  command: Command | string,
  options: ExecOptions,
): AsyncGenerator<ExecEvent, void, undefined> {
  const { lifetime, interpreter, workspacePath, environment } = place;
  lifetime.assertOpen(options);
  const { timeoutMs, maxOutputBytes, limits, env } = parseExecOptions(command, options);
  if (Object.keys(limits).length > 0) {
    const message =
      "exec.limits: commands have no limits of their own here. Leave `limits` out, or use another backend.";
    throw new RuntimeError("unimplemented", message);
  }
  const stop = new AbortController();
  let stopped: ExecStop | undefined;
  let failure: { readonly reason: unknown } | undefined;
  const timer = setTimeout(() => {
    stopped = "timeout";
    stop.abort();
  }, timeoutMs);
  const undo = lifetime.onStop(options.signal, (reason) => {
    failure = { reason };
    stop.abort();
  });
  try {
    const stdin = await readStdin(options.stdin, stop.signal);
    const cwd = posix.resolve(workspacePath, options.cwd ?? ".");
    const result = await interpreter.run(
      { command, cwd, env: { ...environment, ...env, PWD: cwd }, stdin, maxOutputBytes },
      stop.signal,
    );
    clearTimeout(timer);
    undo();
    if (failure !== undefined) throw failure.reason;
    if (result.stdout !== "") yield { type: "stdout", text: result.stdout };
    if (result.stderr !== "") yield { type: "stderr", text: result.stderr };
    stopped ??= result.stopped;
    yield { type: "exit", exitCode: result.exitCode, ...(stopped && { stopped }) };
  } catch (thrown) {
    throw failure === undefined ? thrown : failure.reason;
  } finally {
    clearTimeout(timer);
    undo();
  }
}

/** All of it; what there is until the command is stopped. */
async function readStdin(source: ExecOptions["stdin"], signal: AbortSignal): Promise<Uint8Array> {
  if (source === undefined || typeof source === "string") return bounded(Buffer.from(source ?? ""));
  if (source instanceof Uint8Array) return bounded(source);
  const pieces = source[Symbol.asyncIterator]();
  const all: Uint8Array[] = [];
  let size = 0;
  const { promise: aborted, resolve } = Promise.withResolvers<{ done: true }>();
  const onAbort = (): void => {
    resolve({ done: true });
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    while (!signal.aborted) {
      const next = await Promise.race([pieces.next(), aborted]);
      if (next.done === true) break;
      all.push(next.value);
      size += next.value.length;
      if (size > maxStdinBytes) break;
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    if (size > maxStdinBytes || signal.aborted) void pieces.return?.();
  }
  return bounded(Buffer.concat(all));
}

function bounded(stdin: Uint8Array): Uint8Array {
  if (stdin.length <= maxStdinBytes) return stdin;
  const message = `stdin has more than ${maxStdinBytes} bytes: write it to a file of the sandbox, and let the command read that.`;
  throw new RuntimeError("payload_too_large", message, { details: { field: "stdin" } });
}
