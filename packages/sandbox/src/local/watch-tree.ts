import { readdirSync, watch } from "node:fs";
import type { FSWatcher, Stats } from "node:fs";
import { posix } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { FileChange } from "../sandbox-files.ts";
import type { LocalLifetime } from "./local-lifetime.ts";
import { unfinishedPrefix } from "./unfinished-prefix.ts";
import { findPlace, hold, release, statPlace } from "./workspace-path.ts";
import type { Workspace } from "./workspace-path.ts";

/** Every directory costs the kernel memory. */
const mostDirectories = 4_096;
/** What nobody took yet; later changes of what is among them are not lost, since only the latest of each path counts. */
const mostChanges = 10_000;

export interface WatchTreeOptions {
  readonly workspace: Workspace;
  /** Absolute, as processes see it, and as it is told. */
  readonly path: string;
  readonly lifetime: LocalLifetime;
  readonly signal: AbortSignal | undefined;
}

/**
 * What changes in a directory and all below it. Node's own recursive watching would watch every single file. Links are not
 * followed, nor what takes a directory's place in whatever moment: paths are found anew each time, step by step.
 */
export async function* watchTree(options: WatchTreeOptions): AsyncGenerator<readonly FileChange[], void, undefined> {
  const { workspace, path, lifetime, signal } = options;
  const changes = new Map<string, FileChange>();
  const watchers = new Map<string, FSWatcher>();
  const known = new Map<string, Set<string>>();
  let failure: { readonly reason: unknown } | undefined;
  let wake: (() => void) | undefined;
  const fail = (reason: unknown): void => {
    failure ??= { reason };
    wake?.();
  };
  const tell = (change: FileChange): void => {
    if (changes.size >= mostChanges && !changes.has(change.path)) {
      const message = `More than ${mostChanges} changes were not taken: watch less, or list anew.`;
      fail(new RuntimeError("resource_exhausted", message));
      return;
    }
    changes.set(change.path, change);
    wake?.();
  };

  const forget = (directory: string): void => {
    watchers.get(directory)?.close();
    watchers.delete(directory);
    const names = known.get(directory) ?? new Set();
    known.delete(directory);
    for (const name of names) forget(posix.join(directory, name));
  };

  /** Begins to watch one directory; what it has. It is let go of before anything below it is looked at: a tree may be deep. */
  const attach = (directory: string): readonly string[] => {
    using place = findPlace(workspace, directory, { follow: false });
    const held = hold(place.local, place.name);
    try {
      const watcher = watch(`${held.local}/.`, (_, name) => {
        if (name !== null && name !== ".") look(directory, name);
      });
      watcher.on("error", () => {
        forget(directory);
      });
      watchers.set(directory, watcher);
      known.set(directory, new Set());
      return readdirSync(held.local);
    } finally {
      release(held);
    }
  };

  const follow = (directory: string, isNew: boolean): void => {
    if (watchers.has(directory)) return;
    if (watchers.size >= mostDirectories) {
      const message = `More than ${mostDirectories} directories are below ${path}: watch less.`;
      fail(new RuntimeError("resource_exhausted", message));
      return;
    }
    try {
      for (const name of attach(directory))
        if (isNew) look(directory, name);
        else enter(directory, name);
    } catch {
      forget(directory); // It has gone again, or is none any more.
    }
  };

  const enter = (directory: string, name: string): void => {
    known.get(directory)?.add(name);
    const at = posix.join(directory, name);
    if (statAt(workspace, at)?.isDirectory() === true) follow(at, false);
  };

  const look = (directory: string, name: string): void => {
    if (name.startsWith(unfinishedPrefix)) return;
    const names = known.get(directory);
    if (names === undefined) return;
    const at = posix.join(directory, name);
    const stats = statAt(workspace, at);
    if (stats === undefined) {
      if (!names.delete(name)) return; // It came and went.
      forget(at);
      tell({ path: at, type: "removed" });
      return;
    }
    const isNew = !names.has(name);
    names.add(name);
    tell({ path: at, type: isNew ? "created" : "changed" });
    if (stats.isDirectory()) follow(at, true);
    else forget(at);
  };

  lifetime.assertOpen({ signal });
  const undo = lifetime.onStop(signal, fail);
  try {
    follow(path, false);
    for (;;) {
      if (failure !== undefined) throw failure.reason;
      if (changes.size > 0) {
        await turn(); // What changes in one moment comes as one.
        const batch = [...changes.values()];
        changes.clear();
        yield batch;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<undefined>();
      wake = () => {
        resolve(undefined);
      };
      await promise;
    }
  } finally {
    undo();
    for (const watcher of watchers.values()) watcher.close();
  }
}

/** Undefined also for what is only reached over a link that leads out. */
function statAt(workspace: Workspace, path: string): Stats | undefined {
  try {
    using place = findPlace(workspace, path, { follow: false });
    return statPlace(place);
  } catch {
    return undefined;
  }
}
