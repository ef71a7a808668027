import { EventEmitter } from "node:events";
import { closeSync, constants, fstatSync, openSync, unlinkSync } from "node:fs";
import { Socket } from "node:net";
import type { Readable, Writable } from "node:stream";
import type { ExecStop } from "@agentscope-runtime/sandbox";
import type { SpawnedProcess } from "@agentscope-runtime/sandbox/local";

const { O_RDONLY, O_RDWR, O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants;

/** Both ends of a command's pipes, as this side has them. */
interface Pipes {
  readonly stdin: Socket | null;
  readonly outputs: readonly [stdout: Socket, stderr: Socket, complaints: Socket];
  /** Hold the pipes open until the command has opened them too: what is written stays, and it need not wait for us. */
  readonly guards: number[];
  /** Until then, they have names. */
  readonly paths: string[];
}

/** A command inside of a box, seen from outside: what is left of a `ChildProcess` when the walls are between. */
export class BoxCommand extends EventEmitter implements SpawnedProcess {
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly stdio: readonly (Readable | Writable | null)[];
  stopped: ExecStop | undefined;
  readonly #pipes: Pipes;
  readonly #kill: (pid: number) => void;
  readonly #started = Promise.withResolvers<undefined>();
  readonly #exited = Promise.withResolvers<undefined>();
  #pidInside: number | undefined;
  #isOver = false;

  /**
   * @param directory - where its pipes are, as this side sees them
   * @param kill - kills a process inside, and its group
   */
  constructor(directory: string, number: number, options: { hasStdin: boolean; kill: (pid: number) => void }) {
    super();
    this.#pipes = openPipes(directory, number, options.hasStdin);
    this.#kill = options.kill;
    const { stdin, outputs } = this.#pipes;
    const [stdout, stderr, complaints] = outputs;
    this.stdin = stdin;
    this.stdout = stdout;
    this.stderr = stderr;
    this.stdio = [stdin, stdout, stderr, complaints];
    for (const socket of [stdin, ...outputs]) socket?.on("error", () => undefined); // It closes, too.
  }

  /** It has a process. */
  hasPid(pid: number): void {
    this.#pidInside = pid;
  }

  /** It has opened its pipes. */
  hasStarted(): void {
    this.#letGo();
    this.#started.resolve(undefined);
  }

  /** It has ended, with its code as a shell says it; without one, its box has ended. */
  hasExited(exitCode: number | undefined, stopped?: ExecStop): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.stopped = stopped;
    this.#letGo();
    this.#started.resolve(undefined);
    this.#exited.resolve(undefined);
    if (exitCode === undefined) this.emit("exit", null, "SIGKILL");
    else this.emit("exit", exitCode, null);
    if (exitCode === undefined) for (const socket of [this.stdin, ...this.#pipes.outputs]) socket?.destroy();
  }

  async stop(): Promise<void> {
    await this.#started.promise;
    if (!this.#isOver && this.#pidInside !== undefined) this.#kill(this.#pidInside);
    await this.#exited.promise;
  }

  #letGo(): void {
    for (const descriptor of this.#pipes.guards.splice(0)) closeSync(descriptor);
    for (const path of this.#pipes.paths.splice(0)) remove(path);
  }
}

function openPipes(directory: string, number: number, hasStdin: boolean): Pipes {
  const paths = [0, 1, 2, 3].map((descriptor) => `${directory}/${number}.${descriptor}`);
  const guards: number[] = [];
  const opened: number[] = [];
  try {
    const open = (descriptor: number, flags: number): number => {
      const fd = openPipe(paths[descriptor] ?? "", flags);
      opened.push(fd);
      return fd;
    };
    const outputs = [1, 2, 3].map((descriptor) => open(descriptor, O_RDONLY)) as [number, number, number]; // Three of them.
    guards.push(...[1, 2, 3].map((descriptor) => openPipe(paths[descriptor] ?? "", O_RDONLY)));
    if (hasStdin) guards.push(openPipe(paths[0] ?? "", O_RDWR));
    const stdin = hasStdin ? open(0, O_WRONLY) : undefined;
    return {
      stdin: stdin === undefined ? null : new Socket({ fd: stdin, readable: false, writable: true }),
      outputs: [toReadable(outputs[0]), toReadable(outputs[1]), toReadable(outputs[2])],
      guards,
      paths,
    };
  } catch (thrown) {
    for (const descriptor of [...guards, ...opened]) closeSync(descriptor);
    throw thrown;
  }
}

function toReadable(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false });
}

/** What runs inside could have put something else there. */
function openPipe(path: string, flags: number): number {
  const descriptor = openSync(path, flags | O_NONBLOCK | O_NOFOLLOW);
  if (fstatSync(descriptor).isFIFO()) return descriptor;
  closeSync(descriptor);
  throw new Error(`${path} is no pipe.`);
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // What runs inside may have done so.
  }
}
