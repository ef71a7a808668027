import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";

export interface RunProgramOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told each line, of stdout and of stderr. */
  readonly onLine?: (line: string) => void;
  /** A program whose output this one reads. */
  readonly input?: readonly [program: string, ...programArguments: string[]];
}

/** Runs a program to its end, and answers with what it printed. What it said last stands in the error when it fails. */
export async function runProgram(
  program: string,
  programArguments: readonly string[],
  { signal, onLine, input }: RunProgramOptions = {},
): Promise<string> {
  signal?.throwIfAborted();
  const source = input && spawn(input[0], input.slice(1), { stdio: ["ignore", "pipe", "inherit"], signal });
  const child = spawn(program, programArguments, { stdio: [source ? "pipe" : "ignore", "pipe", "pipe"], signal });
  if (source && child.stdin) pipeline(source.stdout, child.stdin).catch(() => undefined); // The exit codes tell.
  const said: string[] = [];
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      said.push(line);
      if (said.length > 40) said.shift();
      onLine?.(line);
    });
  }
  const ends = [child, ...(source ? [source] : [])].map(
    (started) =>
      new Promise<number>((resolve, reject) => {
        started.once("error", reject);
        started.once("close", (code) => {
          resolve(code ?? 1);
        });
      }),
  );
  const codes = await Promise.all(ends).catch((thrown: unknown) => {
    signal?.throwIfAborted();
    source?.kill();
    child.kill();
    throw notStarted(program, thrown);
  });
  if (codes.every((code) => code === 0)) return stdout;
  throw new RuntimeError("unavailable", `${program} ${programArguments[0] ?? ""} failed:\n${said.join("\n")}`);
}

function notStarted(program: string, thrown: unknown): RuntimeError {
  return new RuntimeError("unavailable", `${program} does not start. Install it, or name another.`, { cause: thrown });
}
