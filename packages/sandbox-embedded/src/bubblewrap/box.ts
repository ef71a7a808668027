import { spawn as spawnChild, spawnSync } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import type { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Spawn } from "@agentscope-runtime/sandbox/local";
import { BoxCommand } from "./box-command.ts";
import { boxDescriptors, boxHostname, boxPaths, boxUser } from "./bwrap-arguments.ts";
import type { Cgroup } from "./cgroups.ts";
import { killLine, pipesLine, spawnerScript, startLine } from "./spawner-script.ts";

export interface BoxOptions {
  readonly bwrap: string;
  readonly bwrapArguments: readonly string[];
  readonly seccomp: Uint8Array | undefined;
  /** Who the box's processes are outside; by default who we are. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly cgroup: Cgroup;
  /** Descriptors that a box must not get. */
  readonly leaking: readonly number[];
  /** For each process, where groups have no limit. */
  readonly memoryBytes: number | undefined;
  /** For all processes of the box, where groups have no limit. */
  readonly processes: number | undefined;
  /** Settings that must be there before the walls go up; the processes wait for it. */
  readonly prepare: () => Promise<void>;
  /** Where its pipes are from here; they may be found only once it runs. */
  readonly runDirectory: (pid: number) => string;
}

/** How a box has ended, when it was not killed by us. */
export interface BoxEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Commands begin at once with pipes that are there already. */
const pool = { first: 4, low: 8, more: 16 };
/** What the kernel takes for all words and variables of a program, and for one of them. */
const longest = { together: 2_000_000, one: 131_071 };
const longestLine = 4096;
const longestComplaint = 2000;

/** A `bwrap` that runs, and in it the shell that starts commands. */
export class Box {
  readonly #child: ChildProcess;
  readonly #control: Writable;
  readonly #options: BoxOptions;
  readonly #commands = new Map<number, BoxCommand>();
  readonly #ready: number[] = [];
  readonly #hasPid = Promise.withResolvers<undefined>();
  readonly #opened = Promise.withResolvers<undefined>();
  readonly #ended = Promise.withResolvers<BoxEnd>();
  #pid: number | undefined;
  #runDirectory = "";
  #requested = 0;
  #complaint = "";
  #memoryKills = 0;
  #isOver = false;

  private constructor(child: ChildProcess, options: BoxOptions) {
    this.#child = child;
    this.#options = options;
    const [stdin, stdout, stderr, info] = child.stdio;
    if (!stdin || !stdout || !stderr || !info) throw new TypeError("A pipe is missing.");
    this.#control = stdin;
    for (const stream of child.stdio) stream?.on("error", () => undefined); // The end tells.
    this.#opened.promise.catch(() => undefined); // Told by open.
    stderr.on("data", (piece: Buffer) => {
      this.#complaint = (this.#complaint + piece.toString()).slice(-longestComplaint);
    });
    this.#learnPid(info as Readable); // bwrap writes it.
    void this.#listen(stdout);
    child.once("error", () => {
      this.#over({ exitCode: 127, signal: null });
    });
    child.once("exit", (exitCode, signal) => {
      this.#over({ exitCode, signal });
    });
  }

  /** Resolves when it can run commands. Nothing is left of it when it rejects. */
  static async open(options: BoxOptions, signal?: AbortSignal): Promise<Box> {
    const { bwrap, user, cgroup, prepare, leaking } = options;
    // Under way while the process starts, which takes as long.
    const prepared = prepare();
    try {
      const joining = cgroup.letJoin(user);
      // The shell waits until it is in its group and all is there; what it becomes, and all that comes of that, is in the group too.
      const script = `read -r _ && ${joining ?? ""}${closing(leaking)}exec "$@"`;
      const child = spawnChild(
        leaking.some((descriptor) => descriptor > 9) ? "bash" : "/bin/sh",
        ["-c", script, "sh", bwrap, "--args", String(boxDescriptors.words), "/bin/sh"],
        {
          cwd: "/",
          env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
          stdio: Array.from({ length: 3 + Object.keys(boxDescriptors).length }, () => "pipe" as const),
          ...user,
        },
      );
      const box = new Box(child, options);
      await box.#begin(prepared, joining !== undefined, signal);
      return box;
    } finally {
      await prepared.catch(() => undefined);
    }
  }

  /** Nothing is left of it when it rejects. */
  async #begin(prepared: Promise<void>, joins: boolean, signal: AbortSignal | undefined): Promise<void> {
    const { bwrapArguments: words, seccomp, cgroup, runDirectory } = this.#options;
    const child = this.#child;
    try {
      const inGroup = joins || child.pid === undefined ? Promise.resolve() : cgroup.add(child.pid);
      // Not on its command line, where those inside would read of the host's directories.
      give(child, boxDescriptors.words, words.map((word) => `${word}\0`).join(""));
      give(child, boxDescriptors.seccomp, seccomp ?? "");
      give(child, boxDescriptors.passwd, passwd);
      give(child, boxDescriptors.group, `${boxUser.name}:x:${boxUser.gid}:\nnogroup:x:65534:\n`);
      give(child, boxDescriptors.hosts, `127.0.0.1 localhost ${boxHostname}\n::1 localhost\n`);
      give(child, boxDescriptors.hostname, `${boxHostname}\n`);
      await allSettled([inGroup, prepared]);
      signal?.throwIfAborted();
      this.#control.write(`\n${ulimits(this.#options)}${spawnerScript}`);
      this.#morePipes(pool.first);
      await untilAborted(Promise.all([this.#opened.promise, this.#hasPid.promise]), signal);
      if (joins) cgroup.shut();
      this.#runDirectory = runDirectory(this.pid);
    } catch (thrown) {
      await this.kill();
      throw thrown;
    }
  }

  /** Resolves when all that was in it is gone. */
  get ended(): Promise<BoxEnd> {
    return this.#ended.promise;
  }

  /** Its first process, as seen from outside. */
  get pid(): number {
    if (this.#pid === undefined) throw new TypeError("The box has not begun.");
    return this.#pid;
  }

  /** As `spawn` of `node:child_process`, inside of the box; the directory and the group are the launcher's. */
  readonly spawn: Spawn = (program, programArguments, { env = {}, stdio }: SpawnOptions) => {
    const number = this.#takePipes();
    const variables = Object.fromEntries(
      Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    const words = [program, ...programArguments];
    const hasStdin = Array.isArray(stdio) && stdio[0] === "pipe";
    const command = this.#openCommand(number, hasStdin);
    const tooLong = isTooLong(words, variables);
    if (tooLong || this.#isOver) {
      queueMicrotask(() => {
        if (tooLong) command.emit("error", Object.assign(new Error("Too long."), { code: "E2BIG" }));
        command.hasExited(undefined);
      });
      return command;
    }
    this.#commands.set(number, command);
    this.#memoryKills = this.#options.cgroup.memoryKills();
    this.#control.write(startLine(number, words, { env: variables, hasStdin }));
    return command;
  };

  /** The process may end before it. */
  unref(): void {
    this.#child.unref();
    for (const stream of this.#child.stdio) (stream as Socket | null)?.unref(); // All of ours are pipes.
  }

  ref(): void {
    this.#child.ref();
    for (const stream of this.#child.stdio) (stream as Socket | null)?.ref();
  }

  /** Kills all that is in it. */
  async kill(): Promise<void> {
    if (!this.#isOver) {
      this.#control.destroy(); // What has not begun yet ends of it.
      // A bwrap that is killed before it has told leaves a process behind that waits for it for ever.
      if (this.#pid === undefined) await this.#hasPid.promise;
      // Its first process takes all others with it, and its end is seen by bwrap only when they are gone.
      if (this.#pid !== undefined) killIfThere(this.#pid);
    }
    await this.#ended.promise;
  }

  /** Where its pipes are, as this side sees them. */
  get runDirectory(): string {
    return this.#runDirectory;
  }

  /** Sends a signal to every process inside but the first and the shell. */
  signalAll(signal: "STOP" | "CONT"): void {
    this.#control.write(`kill -${signal} -1\n`);
  }

  #openCommand(number: number, hasStdin: boolean): BoxCommand {
    try {
      return new BoxCommand(this.#runDirectory, number, {
        hasStdin,
        kill: (pid) => {
          this.#control.write(killLine(pid));
        },
      });
    } catch (thrown) {
      const message = "The pipes of the sandbox are gone: what runs in it has removed them. Make a new sandbox.";
      throw new RuntimeError("unavailable", message, { cause: thrown });
    }
  }

  #takePipes(): number {
    const number = this.#ready.shift();
    if (this.#ready.length < pool.low) this.#morePipes(pool.more);
    if (number !== undefined) return number;
    // A burst; whoever spawns does not wait.
    this.#requested += 1;
    const names = [0, 1, 2, 3].map((descriptor) => `${this.#runDirectory}/${this.#requested}.${descriptor}`);
    spawnSync("mkfifo", names, { ...this.#options.user, stdio: "ignore" });
    return this.#requested;
  }

  #morePipes(count: number): void {
    this.#control.write(pipesLine(this.#requested + 1, this.#requested + count));
    this.#requested += count;
  }

  /** Reads to the end: bwrap would die of writing to nobody. */
  #learnPid(info: Readable): void {
    let text = "";
    info.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
      const pid = /"child-pid":\s*(\d+)/.exec(text)?.[1];
      if (pid === undefined || this.#pid !== undefined) return;
      this.#pid = Number(pid);
      this.#hasPid.resolve(undefined);
    });
  }

  async #listen(stdout: Readable): Promise<void> {
    let pending = "";
    for await (const piece of stdout.setEncoding("utf8")) {
      pending += String(piece);
      const lines = pending.split("\n");
      pending = lines.pop() ?? "";
      if (pending.length > longestLine) break; // What runs inside may speak in the shell's name, to its own harm.
      for (const line of lines) this.#take(line);
    }
    void this.kill();
  }

  #take(line: string): void {
    const [what, ...values] = line.split(" ");
    const [number = 0, value = 0] = values.map(Number);
    const command = this.#commands.get(number);
    if (what === "f") {
      for (let each = number; each <= Math.min(value, this.#requested); each += 1) this.#ready.push(each);
      this.#opened.resolve(undefined);
    } else if (what === "p") command?.hasPid(value);
    else if (what === "s") command?.hasStarted();
    else if (what === "x" && command !== undefined) {
      this.#commands.delete(number);
      command.hasExited(value, value === 137 && this.#memoryRanOut() ? "out_of_memory" : undefined);
    }
  }

  #memoryRanOut(): boolean {
    return this.#options.cgroup.memoryKills() > this.#memoryKills;
  }

  #over(end: BoxEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#opened.reject(startFailure(this.#complaint));
    this.#hasPid.resolve(undefined);
    for (const command of this.#commands.values()) command.hasExited(undefined);
    this.#commands.clear();
    this.#ended.resolve(end);
  }
}

const passwd = [
  `${boxUser.name}:x:${boxUser.uid}:${boxUser.gid}::${boxPaths.workspace}:/bin/sh`,
  "nobody:x:65534:65534::/:/bin/false",
  "",
].join("\n");

function give(child: ChildProcess, descriptor: number, data: string | Uint8Array): void {
  (child.stdio[descriptor] as Writable | null)?.end(data); // All of ours are pipes that can be written.
}

/** Rejects with the first failure, once none of them is under way. */
async function allSettled(works: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(works);
  await Promise.all(works);
}

function isTooLong(words: readonly string[], env: Readonly<Record<string, string>>): boolean {
  const sizes = [...words, ...Object.entries(env).map((entry) => entry.join("="))].map((word) =>
    Buffer.byteLength(word),
  );
  return sizes.some((size) => size > longest.one) || sizes.reduce((sum, size) => sum + size + 9, 0) > longest.together;
}

/** Only bash knows descriptors of two digits. */
function closing(descriptors: readonly number[]): string {
  return descriptors.map((descriptor) => `exec ${descriptor}>&- && `).join("");
}

/** Shells do not agree on the letter for processes. */
function ulimits({ memoryBytes, processes }: BoxOptions): string {
  const memory = memoryBytes === undefined ? "" : `ulimit -d ${Math.floor(memoryBytes / 1024)}\n`;
  const count = processes === undefined ? "" : `{ ulimit -u ${processes} || ulimit -p ${processes}; } 2>/dev/null\n`;
  return memory + count;
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It is gone.
  }
}

function startFailure(complaint: string): RuntimeError {
  const last = complaint.trim().split("\n").at(-1) ?? "";
  return new RuntimeError("unavailable", `bubblewrap did not start: ${last || "it exited"}.`);
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
