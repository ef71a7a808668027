import { text } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Command, ExecLimits } from "../exec.ts";
import type { Launch, Launched, LaunchOptions, Spawn } from "./launcher.ts";

/**
 * The shell that turns into the program: only here can the directory and the program be looked for on the other side of walls, and
 * limits be set. It complains on descriptor 3, which the program does not get.
 */
const enter = 'cd -- "$1" 2>/dev/null || { echo directory >&3; exit 127; }; shift; ';
const program =
  'case "$1" in */*) [ -f "$1" ] ;; *) command -v "$1" >/dev/null 2>&1 ;; esac || { echo program >&3; exit 127; }; exec "$@" 3>&-';
const commandLine =
  'if command -v bash >/dev/null 2>&1; then exec bash -c "$1" 3>&-; else exec /bin/sh -c "$1" 3>&-; fi';

/** Behind the walls of a spawn. */
export function launchThroughShell(spawn: Spawn): Launch {
  return (command, options) => launch(spawn, command, options);
}

function launch(spawn: Spawn, command: Command | string, options: LaunchOptions): Launched {
  const { cwd, env, stdin, limits = {} } = options;
  const script = enter + ulimits(limits) + (typeof command === "string" ? commandLine : program);
  const words = typeof command === "string" ? [command] : command;
  const child = spawn("/bin/sh", ["-c", script, "sh", cwd, ...words], {
    // For a spawn without walls; the shell goes where it has to.
    cwd: "/",
    env,
    detached: true,
    stdio: [stdin, "pipe", "pipe", "pipe"],
  });
  const { stdout, stderr } = child;
  const complaints = child.stdio[3];
  if (!stdout || !stderr || !complaints) throw new TypeError("The spawn did not make the pipes.");
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (thrown) => {
      reject(spawnError(thrown));
    });
  });
  const complained = text(complaints as Readable).then((said) => {
    if (said !== "") throw complaint(said.trim(), command, cwd);
  });
  const started = Promise.race([complained, failed]);
  started.catch(() => undefined); // Told to whoever waits for it.
  failed.catch(() => undefined);
  return { child, stdout, stderr, stdin: child.stdin ?? undefined, started };
}

function ulimits({ cpuSeconds, memoryBytes, fileBytes }: ExecLimits): string {
  const set = [
    cpuSeconds !== undefined && `ulimit -t ${Math.ceil(cpuSeconds)}; `,
    memoryBytes !== undefined && `ulimit -v ${Math.floor(memoryBytes / 1024)}; `,
    fileBytes !== undefined && `ulimit -f ${Math.floor(fileBytes / 512)}; `,
  ];
  return set.filter((line) => line !== false).join("");
}

function complaint(about: string, command: Command | string, cwd: string): RuntimeError {
  if (about === "directory") return new RuntimeError("not_found", `There is no directory ${cwd}.`);
  const name = typeof command === "string" ? "/bin/sh" : command[0];
  return new RuntimeError("not_found", `There is no program ${name}: check its name, its path and PATH.`);
}

function spawnError(thrown: unknown): RuntimeError {
  const code = typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
  if (code === "E2BIG") {
    const message = "The command is too long for the system: put what is long into a file.";
    return new RuntimeError("invalid_argument", message, { cause: thrown });
  }
  if (code === "EAGAIN" || code === "ENOMEM" || code === "EMFILE") {
    const message = "No more processes can be started: end some, or raise the limit.";
    return new RuntimeError("resource_exhausted", message, { cause: thrown });
  }
  return new RuntimeError("unavailable", "The process could not be started.", { cause: thrown });
}
