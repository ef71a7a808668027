import type { CallOptions } from "@agentscope-runtime/services";

export interface FileEntry {
  /** Absolute, inside of the sandbox. */
  readonly path: string;
  readonly name: string;
  /** A link is a link, whatever it points to. */
  readonly type: "file" | "directory" | "link" | "other";
  /** In bytes; only files have one. */
  readonly size?: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

export type FileData = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface NewFile {
  readonly path: string;
  readonly data: FileData;
}

export interface ListFilesOptions extends CallOptions {
  /** How deep to look: 1 is the directory's own entries. Default 1, at most 100. */
  readonly depth?: number;
  /** Default and maximum 10,000 entries. */
  readonly limit?: number;
}

export interface FileChange {
  readonly path: string;
  readonly type: "created" | "changed" | "removed";
}

/**
 * The files of a sandbox's workspace. Paths are relative to it, or absolute and inside of it. Anything else, also by way of `..` or
 * of a link, is `permission_denied`. What is not there is `not_found`; a directory where a file is wanted, or the other way round, is
 * `invalid_argument`.
 */
export interface SandboxFiles {
  /** The whole file. `payload_too_large` above 64 MiB: read those with `stream`. */
  read(path: string, options?: CallOptions): Promise<Uint8Array>;
  /** The whole file as UTF-8; limits as with `read`. */
  readText(path: string, options?: CallOptions): Promise<string>;
  /** The file in pieces. Leaving the loop closes it. */
  stream(path: string, options?: CallOptions): AsyncIterable<Uint8Array>;
  /** Makes the directories above it; what was there before is replaced, at once, when all of the new is there. */
  write(path: string, data: FileData, options?: CallOptions): Promise<FileEntry>;
  /** One after the other; those before the first that fails stay. */
  writeMany(files: readonly NewFile[], options?: CallOptions): Promise<readonly FileEntry[]>;
  /** Parents before what is in them, by name. Links are not followed. */
  list(path: string, options?: ListFilesOptions): Promise<readonly FileEntry[]>;
  /** Undefined when nothing is there. */
  stat(path: string, options?: CallOptions): Promise<FileEntry | undefined>;
  /** Makes the directories above the destination, and replaces a file that is there. */
  move(source: string, destination: string, options?: CallOptions): Promise<FileEntry>;
  /** With all that is in it. Removing what is not there is no error. The workspace itself cannot be removed. */
  remove(path: string, options?: CallOptions): Promise<void>;
  /** With the directories above it. False when it was there. */
  mkdir(path: string, options?: CallOptions): Promise<boolean>;
  /** What changes below a directory from now on, until the signal aborts or the loop is left. Changes of one moment may come as one. */
  watch(path: string, options?: CallOptions): AsyncIterable<readonly FileChange[]>;
}
