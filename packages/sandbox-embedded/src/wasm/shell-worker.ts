import { parentPort } from "node:worker_threads";
import { Bash, latin1FromBytes, MountableFs, stdoutAsBytes } from "just-bash";
import type { IFileSystem } from "just-bash";
import type { ShellCommand, ShellResult } from "./box-messages.ts";
import { WorkspaceFs } from "./workspace-fs.ts";

/** What a shell begins with. */
export interface ShellSetup {
  readonly kind: "shell";
  /** Directories of this machine, by where the shell sees them. */
  readonly mounts: Readonly<Record<string, string>>;
  /** More is not kept, whatever the command may print. */
  readonly maxOutputBytes: number;
}

const most = Number.MAX_SAFE_INTEGER;
const longestMs = 2 ** 31 - 1;
/** What a command does is bounded by its time, which is the caller's. */
const limits = {
  maxCommandCount: most,
  maxLoopIterations: most,
  maxAwkIterations: most,
  maxSedIterations: most,
  maxJqIterations: most,
  maxWorkUnits: most,
  maxExecutionTimeMs: longestMs,
  maxPythonTimeoutMs: longestMs,
  maxSqliteTimeoutMs: longestMs,
};
const user = { uid: 1000, gid: 1000 };

/** A shell in a thread of its own: one command at a time, each as if it were the first. Ends with its thread. */
export async function runShell({ mounts, maxOutputBytes }: ShellSetup): Promise<void> {
  const port = parentPort;
  if (port === null) throw new TypeError("A shell is a worker.");
  let ready = system();
  // The first command loads what all need.
  await open(ready, maxOutputBytes).exec("cat </dev/null");
  ready = system();
  port.on("message", (command: ShellCommand) => {
    const bash = open(ready, Math.min(command.maxOutputBytes, maxOutputBytes));
    void run(bash, command).then((result) => {
      port.postMessage(result);
      ready = system();
    });
  });
  port.postMessage("ready");

  /** What a system has besides the workspace; what a command writes there is gone after it. */
  function system(): IFileSystem {
    const { fs: base } = new Bash({ python: true, files: { "/etc/hostname": "sandbox\n" } });
    return new MountableFs({
      base,
      mounts: Object.entries(mounts).map(([mountPoint, directory]) => ({
        mountPoint,
        filesystem: new WorkspaceFs(directory, mountPoint),
      })),
    });
  }
}

function open(fs: IFileSystem, maxOutputSize: number): Bash {
  return new Bash({
    fs,
    cwd: "/workspace",
    python: true,
    processInfo: { pid: 1, ppid: 0, ...user },
    executionLimits: { ...limits, maxOutputSize },
  });
}

async function run(bash: Bash, { command, cwd, env, stdin, maxOutputBytes }: ShellCommand): Promise<ShellResult> {
  try {
    if (!(await isDirectory(bash, cwd))) return { how: "refused", what: "directory" };
    const options = { cwd, env: { ...env }, rawScript: true };
    if (typeof command !== "string" && !(await hasProgram(bash, command[0] ?? "", options))) {
      return { how: "refused", what: "program" };
    }
    const result = await bash.exec(typeof command === "string" ? command : command.map(quote).join(" "), {
      ...options,
      stdin: Buffer.from(stdin, "base64").toString("latin1"),
      stdinKind: "bytes",
    });
    const stdout = Buffer.from(latin1FromBytes(stdoutAsBytes(result)), "latin1");
    const stderr = Buffer.from(result.stderr);
    const isFlood = stdout.length + stderr.length > maxOutputBytes || /output size limit exceeded/.test(result.stderr);
    return {
      how: "exited",
      stdout: stdout.subarray(0, maxOutputBytes).toString("base64"),
      stderr: stderr.subarray(0, Math.max(0, maxOutputBytes - stdout.length)).toString("base64"),
      exitCode: result.exitCode,
      isFlood,
    };
  } catch (thrown) {
    return { how: "failed", message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

async function isDirectory(bash: Bash, path: string): Promise<boolean> {
  try {
    return (await bash.fs.stat(path)).isDirectory;
  } catch {
    return false;
  }
}

async function hasProgram(bash: Bash, name: string, options: { readonly cwd: string }): Promise<boolean> {
  if (name.includes("/")) return bash.fs.exists(bash.fs.resolvePath(options.cwd, name));
  return (await bash.exec(`command -v ${quote(name)}`, options)).exitCode === 0;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
