import { randomUUID } from "node:crypto";
import { constants } from "node:os";
import type { Writable } from "node:stream";
import { posix } from "node:path";
import type { Command, ExecEvent, ExecOptions, ExecStop } from "../exec.ts";
import { markVariable } from "./kill-marked.ts";
import { killSpawned } from "./launcher.ts";
import type { Launch } from "./launcher.ts";
import type { LocalLifetime } from "./local-lifetime.ts";
import { parseExecOptions } from "./parse-exec-options.ts";
import { ProcessOutput } from "./process-output.ts";

/** Where processes run. */
export interface LocalPlace {
  readonly launch: Launch;
  /** The workspace, as processes see it. */
  readonly workspacePath: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The beginning of the mark of all processes. */
  readonly mark: string;
  readonly lifetime: LocalLifetime;
}

/** Runs a program, or a command line in a shell; as `Sandbox.exec`. */
export async function* execLocally(
  place: LocalPlace,
  command: Command | string,
  options: ExecOptions,
): AsyncGenerator<ExecEvent, void, undefined> {
  const { lifetime, launch, workspacePath, environment } = place;
  lifetime.assertOpen(options);
  const { timeoutMs, maxOutputBytes, limits, env } = parseExecOptions(command, options);
  const mark = `${place.mark}.${randomUUID()}`;
  const cwd = posix.resolve(workspacePath, options.cwd ?? ".");
  const { child, stdin, stdout, stderr, started } = launch(command, {
    cwd,
    env: { ...environment, ...env, PWD: cwd, [markVariable]: mark },
    stdin: options.stdin === undefined ? "ignore" : "pipe",
    limits,
  });
  const over = Promise.withResolvers<number>();
  let stopped: ExecStop | undefined;
  let failure: { readonly reason: unknown } | undefined;
  let killing: Promise<void> | undefined;
  const kill = (): void => {
    killing ??= killSpawned(child, mark);
  };
  const output = new ProcessOutput({
    stdout,
    stderr,
    maxBytes: maxOutputBytes,
    onFlood: () => {
      stopped ??= "output_limit";
      kill();
    },
  });
  const fail = (reason: unknown): void => {
    failure ??= { reason };
    kill();
    output.close();
  };
  child.once("exit", (code, signal) => {
    stopped ??= child.stopped;
    over.resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    output.exited();
  });
  child.once("error", (reason) => {
    over.resolve(127);
    output.exited();
    failure ??= { reason };
  });
  const timer = setTimeout(() => {
    stopped ??= "timeout";
    kill();
  }, timeoutMs);
  const undo = lifetime.onStop(options.signal, fail);
  const feeding = feed(stdin, options.stdin, fail);
  let left = true;
  try {
    for (let said = await output.next(); said !== undefined; said = await output.next()) {
      if (failure !== undefined) break;
      yield said;
    }
    const exitCode = await over.promise;
    left = false;
    await killing;
    await started; // Rejects when there was nothing to start.
    if (failure !== undefined) throw failure.reason;
    yield { type: "exit", exitCode, ...(stopped && { stopped }) };
  } finally {
    clearTimeout(timer);
    undo();
    if (left) kill();
    output.close();
    feeding.stop();
    await killing;
  }
}

/** Gives a process what it is to read; it may leave it. An error of the source ends the command. */
function feed(
  stdin: Writable | undefined,
  source: ExecOptions["stdin"],
  fail: (reason: unknown) => void,
): { stop(): void } {
  if (stdin === undefined || source === undefined) return { stop: () => undefined };
  stdin.on("error", () => undefined); // It stopped reading.
  if (typeof source === "string" || source instanceof Uint8Array) {
    stdin.end(source);
    return { stop: () => stdin.destroy() };
  }
  pump(source, stdin).catch(fail);
  return { stop: () => stdin.destroy() };
}

/** Leaves the source when the process reads no more. */
async function pump(source: AsyncIterable<Uint8Array>, stdin: Writable): Promise<void> {
  for await (const piece of source) {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    stdin.write(piece, (error) => {
      resolve(!error);
    });
    if (!(await promise)) return;
  }
  stdin.end();
}
