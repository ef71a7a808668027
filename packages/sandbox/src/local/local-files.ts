import { randomUUID } from "node:crypto";
import { constants, lstatSync, readdirSync, renameSync, rmdirSync, unlinkSync } from "node:fs";
import type { Stats } from "node:fs";
import { open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { posix } from "node:path";
import { addAbortSignal, Readable } from "node:stream";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { FileChange, FileData, FileEntry, ListFilesOptions, NewFile, SandboxFiles } from "../sandbox-files.ts";
import { codeOf, notADirectory, notAFile, nothingAt, toFileError } from "./file-errors.ts";
import type { LocalLifetime } from "./local-lifetime.ts";
import { unfinishedPrefix } from "./unfinished-prefix.ts";
import { watchTree } from "./watch-tree.ts";
import { findPlace, hold, makeDirectory, partsOf, release, statPlace } from "./workspace-path.ts";
import type { Owner, Workspace, WorkspacePlace } from "./workspace-path.ts";

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants;
const maxReadBytes = 64 * 1024 * 1024;
const pieceBytes = 64 * 1024;
const mostEntries = 10_000;
const deepest = 100;

/** The files of a directory of this machine, and nothing that is not below it. */
export class LocalFiles implements SandboxFiles {
  readonly #workspace: Workspace;
  readonly #lifetime: LocalLifetime;

  constructor(workspace: Workspace, lifetime: LocalLifetime) {
    this.#workspace = workspace;
    this.#lifetime = lifetime;
  }

  async read(path: string, options?: CallOptions): Promise<Uint8Array> {
    return this.#at(path, options, async () => {
      await using file = await this.#open(path);
      const { size } = await file.stat();
      if (size > maxReadBytes) throw tooLarge(path);
      const pieces: Uint8Array[] = [];
      let read = 0;
      for await (const piece of piecesOf(file, options)) {
        read += piece.length; // It may grow meanwhile.
        if (read > maxReadBytes) throw tooLarge(path);
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    });
  }

  async readText(path: string, options?: CallOptions): Promise<string> {
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await this.read(path, options));
  }

  async *stream(path: string, options?: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
    await using file = await this.#at(path, options, async () => this.#open(path));
    yield* piecesOf(file, options);
  }

  async write(path: string, data: FileData, options?: CallOptions): Promise<FileEntry> {
    return this.#at(path, options, async () => {
      using place = findPlace(this.#workspace, path, { make: true });
      const before = statPlace(place);
      if (before !== undefined && !before.isFile()) throw notAFile(path);
      const unfinished = place.below(`${unfinishedPrefix}${randomUUID()}`);
      try {
        await fill(unfinished, data, { before, owner: this.#workspace.owner, signal: options?.signal });
        options?.signal?.throwIfAborted();
        renameSync(unfinished, place.local);
      } catch (thrown) {
        await rm(unfinished, { force: true });
        throw thrown;
      }
      return this.#entry(place, path);
    });
  }

  async writeMany(files: readonly NewFile[], options?: CallOptions): Promise<readonly FileEntry[]> {
    const entries: FileEntry[] = [];
    for (const { path, data } of files) entries.push(await this.write(path, data, options));
    return entries;
  }

  async list(path: string, options: ListFilesOptions = {}): Promise<readonly FileEntry[]> {
    const limit = parseWhole("limit", options.limit ?? mostEntries, mostEntries);
    const depth = parseWhole("depth", options.depth ?? 1, deepest);
    return this.#at(path, options, async () => {
      using place = findPlace(this.#workspace, path);
      const stats = statPlace(place);
      if (stats === undefined) throw nothingAt(path);
      if (!stats.isDirectory()) throw notADirectory(path);
      const entries: FileEntry[] = [];
      this.#collect({ local: place.local, relative: place.relative, depth, limit, entries });
      return entries;
    });
  }

  async stat(path: string, options?: CallOptions): Promise<FileEntry | undefined> {
    return this.#at(path, options, async () => {
      partsOf(this.#workspace, path);
      try {
        using place = findPlace(this.#workspace, path, { follow: false });
        return this.#entry(place, path);
      } catch (thrown) {
        // A directory above it that is not there, or is none.
        if (RuntimeError.is(thrown) && (thrown.code === "not_found" || thrown.code === "invalid_argument"))
          return undefined;
        throw thrown;
      }
    });
  }

  async move(source: string, destination: string, options?: CallOptions): Promise<FileEntry> {
    return this.#at(source, options, async () => {
      partsOf(this.#workspace, destination);
      using from = findPlace(this.#workspace, source, { follow: false });
      if (from.name === "") throw notMovable(source);
      if (statPlace(from) === undefined) throw nothingAt(source);
      using to = findPlace(this.#workspace, destination, { follow: false, make: true });
      if (to.name === "") throw notMovable(destination);
      renameSync(from.local, to.local);
      return this.#entry(to, destination);
    });
  }

  async remove(path: string, options?: CallOptions): Promise<void> {
    await this.#at(path, options, async () => {
      try {
        using place = findPlace(this.#workspace, path, { follow: false });
        if (place.name === "") throw notMovable(path);
        removeTree(place.local, place.name);
      } catch (thrown) {
        if (!(RuntimeError.is(thrown) && thrown.code === "not_found")) throw thrown;
      }
    });
  }

  async mkdir(path: string, options?: CallOptions): Promise<boolean> {
    return this.#at(path, options, async () => {
      using place = findPlace(this.#workspace, path, { make: true });
      const stats = statPlace(place);
      if (stats?.isDirectory() === true) return false;
      if (stats !== undefined) throw notADirectory(path);
      return makeDirectory(place.local, this.#workspace.owner);
    });
  }

  async *watch(path: string, options: CallOptions = {}): AsyncGenerator<readonly FileChange[], void, undefined> {
    this.#lifetime.assertOpen(options);
    const directory = await this.#at(path, options, async () => {
      using place = findPlace(this.#workspace, path);
      if (statPlace(place)?.isDirectory() !== true) {
        throw statPlace(place) === undefined ? nothingAt(path) : notADirectory(path);
      }
      return posix.join(this.#workspace.path, place.relative);
    });
    const { signal } = options;
    yield* watchTree({ workspace: this.#workspace, path: directory, lifetime: this.#lifetime, signal });
  }

  /** What every call begins with, and what becomes of the system's errors. */
  async #at<T>(path: string, options: CallOptions | undefined, work: () => Promise<T>): Promise<T> {
    this.#lifetime.assertOpen(options);
    try {
      return await work();
    } catch (thrown) {
      throw toFileError(path, thrown);
    }
  }

  async #open(path: string): Promise<FileHandle> {
    using place = findPlace(this.#workspace, path);
    // Opening a pipe would wait for its other end.
    const file = await open(place.local, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw notAFile(path);
  }

  #entry(place: WorkspacePlace, path: string): FileEntry {
    const stats = statPlace(place);
    if (stats === undefined) throw nothingAt(path);
    return toEntry(posix.join(this.#workspace.path, place.relative), stats);
  }

  #collect({ local, relative, depth, limit, entries }: Collecting): void {
    for (const name of readdirSync(local).toSorted(byCodeUnit)) {
      if (entries.length >= limit) return;
      if (name.startsWith(unfinishedPrefix)) continue;
      const stats = lstatSync(`${local}/${name}`, { throwIfNoEntry: false });
      if (stats === undefined) continue; // It has just been removed.
      const below = posix.join(relative, name);
      entries.push(toEntry(posix.join(this.#workspace.path, below), stats));
      if (depth > 1 && stats.isDirectory())
        this.#collectBelow({ local, relative: below, depth: depth - 1, limit, entries }, name);
    }
  }

  #collectBelow(collecting: Collecting, name: string): void {
    let held;
    try {
      held = hold(`${collecting.local}/${name}`, name);
    } catch {
      return; // It is no directory any more, or a closed one.
    }
    try {
      this.#collect({ ...collecting, local: held.local });
    } finally {
      release(held);
    }
  }
}

interface Collecting {
  readonly local: string;
  readonly relative: string;
  readonly depth: number;
  readonly limit: number;
  readonly entries: FileEntry[];
}

async function* piecesOf(file: FileHandle, options?: CallOptions): AsyncGenerator<Uint8Array, void, undefined> {
  for (;;) {
    options?.signal?.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(pieceBytes), 0, pieceBytes, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

interface Filling {
  readonly before: Stats | undefined;
  readonly owner: Owner | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Writes a new file; one that is replaced hands on who may do what with it. */
async function fill(local: string, data: FileData, { before, owner, signal }: Filling): Promise<void> {
  await using file = await open(local, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o666);
  if (before !== undefined) await file.chmod(before.mode & 0o777);
  if (owner !== undefined) await file.chown(owner.uid, owner.gid);
  if (typeof data === "string" || data instanceof Uint8Array) {
    await file.writeFile(data);
    return;
  }
  const source = Readable.from(data);
  if (signal !== undefined) addAbortSignal(signal, source);
  try {
    for await (const piece of source as AsyncIterable<Uint8Array>) await file.writeFile(piece);
  } catch (thrown) {
    signal?.throwIfAborted();
    throw thrown;
  }
}

/** Links are removed, and never followed. */
function removeTree(local: string, name: string): void {
  try {
    unlinkSync(local);
    return;
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === "ENOENT") return;
    if (code !== "EISDIR" && code !== "EPERM") throw thrown;
  }
  const held = hold(local, name);
  try {
    for (const below of readdirSync(held.local)) removeTree(`${held.local}/${below}`, below);
  } finally {
    release(held);
  }
  rmdirSync(local);
}

function toEntry(path: string, stats: Stats): FileEntry {
  const { mtimeMs: modifiedAt } = stats;
  const name = posix.basename(path);
  if (stats.isFile()) return { path, name, type: "file", size: stats.size, modifiedAt };
  return {
    path,
    name,
    type: stats.isDirectory() ? "directory" : stats.isSymbolicLink() ? "link" : "other",
    modifiedAt,
  };
}

function parseWhole(field: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  const message = `Invalid ${field}: give a whole number from 1 to ${most}.`;
  throw new RuntimeError("invalid_argument", message, { details: { field } });
}

function byCodeUnit(one: string, other: string): number {
  return one < other ? -1 : 1;
}

function tooLarge(path: string): RuntimeError {
  const message = `${JSON.stringify(path)} is larger than ${maxReadBytes} bytes: read it with \`stream\`.`;
  return new RuntimeError("payload_too_large", message, { details: { field: "path", maxBytes: maxReadBytes } });
}

function notMovable(path: string): RuntimeError {
  const message = `${JSON.stringify(path)} is the workspace, or ends in "..": name what is in it.`;
  return new RuntimeError("invalid_argument", message, { details: { field: "path" } });
}
