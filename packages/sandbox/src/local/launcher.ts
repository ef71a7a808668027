import type { SpawnOptions } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { Command, ExecLimits, ExecStop } from "../exec.ts";
import { killMarked } from "./kill-marked.ts";

/** As `spawn` of `node:child_process`, with walls around the program. It passes on file descriptors above 2. */
export type Spawn = (program: string, programArguments: readonly string[], options: SpawnOptions) => SpawnedProcess;

/** A process that was started: a `ChildProcess`, or what one behind walls has in common with it. */
export interface SpawnedProcess {
  /** On this side of the walls. */
  readonly pid?: number | undefined;
  readonly stdin: Writable | null;
  readonly stdout: Readable | null;
  readonly stderr: Readable | null;
  /** By descriptor, as they were asked for. */
  readonly stdio: readonly (Readable | Writable | null | undefined)[];
  once(event: "exit", listener: (exitCode: number | null, signal: NodeJS.Signals | null) => void): unknown;
  once(event: "error", listener: (thrown: Error) => void): unknown;
  /** Kills it and its group, where that cannot be done by its `pid`. Resolves when it has exited. */
  stop?(): Promise<void>;
  /** Why it was ended from outside; known once it has exited. */
  readonly stopped?: ExecStop | undefined;
}

/** Kills a process and all that came from it. Resolves when none is left. */
export async function killSpawned(spawned: SpawnedProcess, mark: string): Promise<void> {
  await spawned.stop?.();
  await killMarked(spawned.pid, mark);
}

/** What a process needs to know, on its own side of the walls. */
export interface LaunchOptions {
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: "ignore" | "pipe";
  readonly limits?: ExecLimits;
}

/** A process that has been started, with all that it starts in one group. */
export interface Launched {
  readonly child: SpawnedProcess;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Undefined for one that reads nothing. */
  readonly stdin: Writable | undefined;
  /** Resolves when the program runs; rejects with `not_found` when there is no such program or directory. */
  readonly started: Promise<void>;
}

/** Starts a program, or a command line in the best shell there is. */
export type Launch = (command: Command | string, options: LaunchOptions) => Launched;
