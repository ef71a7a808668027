import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { RuntimeError } from "@agentscope-runtime/protocol";

const run = promisify(execFile);

export interface XOptions {
  readonly environment: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const mostMs = 10_000;
/** Of a screenshot of the largest screen. */
const mostBytes = 64 * 1024 * 1024;

/** Runs a program that talks to the display; what it printed. `unavailable` says what it complained of. */
export async function runXProgram(
  program: string,
  programArguments: readonly string[],
  { environment, signal }: XOptions,
): Promise<Buffer> {
  try {
    const { stdout } = await run(program, programArguments, {
      env: environment,
      encoding: "buffer",
      timeout: mostMs,
      maxBuffer: mostBytes,
      ...(signal && { signal }),
    });
    return stdout;
  } catch (thrown) {
    signal?.throwIfAborted();
    const said =
      typeof thrown === "object" && thrown !== null && "stderr" in thrown ? String(thrown.stderr).trim() : "";
    throw new RuntimeError("unavailable", `The desktop does not answer ${program}: ${said || String(thrown)}`, {
      cause: thrown,
    });
  }
}
