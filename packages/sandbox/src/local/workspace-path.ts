import { closeSync, constants, lchownSync, lstatSync, mkdirSync, openSync, readlinkSync } from "node:fs";
import type { Stats } from "node:fs";
import { posix } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { codeOf, leadsOut, notADirectory, nothingAt } from "./file-errors.ts";

/** The workspace, as it is here and as processes see it. */
export interface Workspace {
  readonly root: string;
  readonly path: string;
  /** Whose what is made here is, where processes run as another user than we do. */
  readonly owner?: Owner | undefined;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;
const maxLinks = 40;

/**
 * A place in the workspace: a directory that is held open, and a name in it. Whatever happens meanwhile to the directories above,
 * it stays the one that was looked at.
 */
export class WorkspacePlace implements Disposable {
  /** "" for the workspace itself. */
  readonly name: string;
  /** The directory's path from the workspace on. */
  readonly #parents: readonly Held[];

  constructor(parents: readonly Held[], name: string) {
    this.#parents = parents;
    this.name = name;
  }

  /** For the calls of `node:fs`; leads nowhere else, as long as its last part is not followed. */
  get local(): string {
    return this.below(this.name);
  }

  /** Another name in the same directory. */
  below(name: string): string {
    const parent = this.#parents.at(-1);
    if (parent === undefined) throw new TypeError("A place has a directory.");
    // A descriptor's own path is a link; with the dot, it is the directory.
    return `${parent.local}/${name === "" ? "." : name}`;
  }

  /** Where it is, from the workspace on. */
  get relative(): string {
    return posix.join(...this.#parents.map(({ name }) => name), this.name);
  }

  [Symbol.dispose](): void {
    for (const { descriptor } of this.#parents) if (descriptor !== undefined) closeSync(descriptor);
  }
}

export interface Held {
  readonly name: string;
  readonly local: string;
  readonly descriptor: number | undefined;
}

export interface FindOptions {
  /** Whether a link at the end leads on. Default true. */
  readonly follow?: boolean;
  /** Make the directories above it. Default false. */
  readonly make?: boolean;
}

/**
 * Finds the place of a path, step by step: each directory is opened below the one before, and links are read and followed here
 * instead of by the system. `permission_denied` for what leads out, `not_found` for a directory that is not there,
 * `invalid_argument` for one that is none.
 */
export function findPlace(workspace: Workspace, path: string, options: FindOptions = {}): WorkspacePlace {
  const { follow = true, make = false } = options;
  const todo = partsOf(workspace, path).toReversed();
  const held: Held[] = [hold(workspace.root, "")];
  let links = 0;
  let isDone = false;
  try {
    for (;;) {
      const part = todo.pop();
      if (part === undefined) {
        isDone = true;
        return new WorkspacePlace(held, "");
      }
      if (part === "..") {
        if (held.length === 1) throw leadsOut(path);
        release(held.pop());
        continue;
      }
      const local = `${held.at(-1)?.local ?? ""}/${part}`;
      const isLast = todo.length === 0;
      const target = isLast && !follow ? undefined : linkTarget(local);
      if (target !== undefined) {
        links += 1;
        if (links > maxLinks) throw leadsOut(path);
        if (target.startsWith("/")) while (held.length > 1) release(held.pop());
        todo.push(...partsOf(workspace, target, path).toReversed());
      } else if (isLast) {
        isDone = true;
        return new WorkspacePlace(held, part);
      } else {
        held.push(enter(local, part, path, make ? { owner: workspace.owner } : undefined));
      }
    }
  } finally {
    if (!isDone) for (const each of held) release(each);
  }
}

/** What is there, without following a link; undefined for nothing. */
export function statPlace(place: WorkspacePlace): Stats | undefined {
  return lstatSync(place.local, { throwIfNoEntry: false });
}

/** The parts of a path; those of an absolute one begin at the workspace. A link's target may climb, a caller's path may not leave. */
export function partsOf(workspace: Workspace, path: string, asked?: string): readonly string[] {
  if (path.includes("\0")) {
    throw new RuntimeError("invalid_argument", "Invalid path: a path has no NUL.", { details: { field: "path" } });
  }
  const { path: root } = workspace;
  const isInside = path === root || path.startsWith(root === "/" ? "/" : `${root}/`);
  if (path.startsWith("/") && !isInside) throw leadsOut(asked ?? path);
  const parts = (path.startsWith("/") ? path.slice(root.length) : path)
    .split("/")
    .filter((part) => part !== "" && part !== ".");
  let depth = 0;
  for (const part of asked === undefined ? parts : []) {
    depth += part === ".." ? -1 : 1;
    if (depth < 0) throw leadsOut(path);
  }
  return parts;
}

/** Opens a directory; a link to one is refused. Linux alone has paths that begin at a descriptor. */
export function hold(local: string, name: string): Held {
  if (process.platform !== "linux") {
    if (!lstatSync(local).isDirectory()) throw Object.assign(new Error("It is no directory."), { code: "ENOTDIR" });
    return { name, local, descriptor: undefined };
  }
  const descriptor = openSync(local, O_RDONLY | O_DIRECTORY | (name === "" ? 0 : O_NOFOLLOW) | O_NONBLOCK);
  return { name, local: `/proc/self/fd/${descriptor}`, descriptor };
}

export function release(held: Held | undefined): void {
  if (held?.descriptor !== undefined) closeSync(held.descriptor);
}

function enter(local: string, name: string, path: string, make?: Pick<Workspace, "owner">): Held {
  try {
    return hold(local, name);
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === "ENOENT" && make !== undefined) {
      makeDirectory(local, make.owner);
      return hold(local, name);
    }
    if (code === "ENOENT") throw nothingAt(path);
    // A link that was put there a moment ago.
    if (code === "ELOOP") throw leadsOut(path);
    throw notADirectory(path, thrown);
  }
}

/** False when something was there. */
export function makeDirectory(local: string, owner: Owner | undefined): boolean {
  try {
    mkdirSync(local);
  } catch (thrown) {
    if (codeOf(thrown) !== "EEXIST") throw thrown;
    return false;
  }
  if (owner !== undefined) lchownSync(local, owner.uid, owner.gid);
  return true;
}

function linkTarget(local: string): string | undefined {
  try {
    return readlinkSync(local);
  } catch {
    return undefined; // No link, or nothing.
  }
}
