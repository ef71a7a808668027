import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import type { Command, ExecLimits } from "../exec.ts";
import { launchThroughShell } from "./launch-through-shell.ts";
import type { Launched, LaunchOptions } from "./launcher.ts";

const throughShell = launchThroughShell(spawn);

/** Without walls, and without a shell in between when it is not needed: its start costs as much as most commands. */
export function launchHere(command: Command | string, options: LaunchOptions): Launched {
  if (hasLimits(options.limits)) return throughShell(command, options);
  const child = start(command, options);
  const { pid, stdin, stdout, stderr } = child ?? {};
  // What cannot be started is left to the shell, which knows why, and how to do without bash.
  if (child === undefined || pid === undefined || !stdout || !stderr) return throughShell(command, options);
  return { child, stdout, stderr, stdin: stdin ?? undefined, started: Promise.resolve() };
}

function hasLimits(limits: ExecLimits = {}): boolean {
  return Object.values(limits).some((limit) => limit !== undefined);
}

/** Undefined when the system refuses what it was given, as it does with a command that is too long. */
function start(command: Command | string, { cwd, env, stdin }: LaunchOptions): ChildProcess | undefined {
  const [program, ...programArguments] = typeof command === "string" ? ["bash", "-c", command] : command;
  try {
    // Detached makes a group of its own, so that all of it can be killed at once.
    const child = spawn(program, programArguments, { cwd, env, detached: true, stdio: [stdin, "pipe", "pipe"] });
    if (child.pid === undefined) child.once("error", () => undefined);
    return child;
  } catch {
    return undefined;
  }
}
