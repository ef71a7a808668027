import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from "node:fs";
import type { Stats } from "node:fs";
import { join } from "node:path";
import type { EmscriptenFs, EmscriptenNode, EmscriptenStream } from "./emscripten.ts";

/** The numbers that errors have inside, which are WASI's. */
const numbers: Readonly<Record<string, number>> = {
  EACCES: 2,
  EBADF: 8,
  EBUSY: 10,
  EEXIST: 20,
  EFBIG: 22,
  EINVAL: 28,
  EIO: 29,
  EISDIR: 31,
  ELOOP: 32,
  EMFILE: 33,
  ENAMETOOLONG: 37,
  ENOENT: 44,
  ENOSPC: 51,
  ENOTDIR: 54,
  ENOTEMPTY: 55,
  EPERM: 63,
  EROFS: 69,
  ESPIPE: 70,
  EXDEV: 75,
};
/** Flags of Linux as Emscripten has them, and what they are here. */
const flags = [
  [0o1, constants.O_WRONLY],
  [0o2, constants.O_RDWR],
  [0o100, constants.O_CREAT],
  [0o200, constants.O_EXCL],
  [0o1000, constants.O_TRUNC],
  [0o2000, constants.O_APPEND],
] as const;

/** Shows a directory of this machine inside of an Emscripten program, which finds its way in it by itself: links lead nowhere else. */
export function workspaceMount(fs: EmscriptenFs): { mount(): EmscriptenNode } {
  const pathOf = (node: EmscriptenNode): string =>
    node.parent === node ? node.mount.opts.root : join(pathOf(node.parent), node.name);
  const below = (parent: EmscriptenNode, name: string): string => join(pathOf(parent), name);
  const doing = <T>(work: () => T): T => {
    try {
      return work();
    } catch (thrown) {
      const code = (thrown as NodeJS.ErrnoException).code ?? ""; // Errors of fs have codes.
      throw new fs.ErrnoError(numbers[code] ?? numbers["EIO"] ?? 0);
    }
  };
  const make = (parent: EmscriptenNode | null, name: string, mode: number): EmscriptenNode =>
    Object.assign(fs.createNode(parent, name, mode, 0), { node_ops: nodeOperations, stream_ops: streamOperations });

  const nodeOperations = {
    getattr: (node: EmscriptenNode) =>
      attributesOf(
        node.id,
        doing(() => lstatSync(pathOf(node))),
      ),
    setattr(node: EmscriptenNode, { mode, size, atime, mtime }: Attributes) {
      doing(() => {
        const path = pathOf(node);
        if (mode !== undefined) chmodSync(path, mode & 0o777);
        if (mode !== undefined) node.mode = mode;
        if (size !== undefined) truncateSync(path, size);
        if (mtime !== undefined) utimesSync(path, new Date(Number(atime ?? mtime)), new Date(Number(mtime)));
      });
    },
    lookup: (parent: EmscriptenNode, name: string) =>
      make(parent, name, doing(() => lstatSync(below(parent, name))).mode),
    mknod(parent: EmscriptenNode, name: string, mode: number) {
      const path = below(parent, name);
      doing(() => {
        if (fs.isDir(mode)) mkdirSync(path, { mode: mode & 0o777 });
        else closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode & 0o777));
      });
      return make(parent, name, mode);
    },
    rename(node: EmscriptenNode, directory: EmscriptenNode, name: string) {
      doing(() => {
        renameSync(pathOf(node), below(directory, name));
      });
      node.name = name;
      node.parent = directory;
    },
    unlink: (parent: EmscriptenNode, name: string) => doing(() => unlinkSync(below(parent, name))),
    rmdir: (parent: EmscriptenNode, name: string) => doing(() => rmdirSync(below(parent, name))),
    readdir: (node: EmscriptenNode) => doing(() => [".", "..", ...readdirSync(pathOf(node))]),
    symlink: (parent: EmscriptenNode, name: string, target: string) =>
      doing(() => symlinkSync(target, below(parent, name))),
    readlink: (node: EmscriptenNode) => doing(() => readlinkSync(pathOf(node))),
  };

  const streamOperations = {
    open(stream: EmscriptenStream) {
      if (fs.isDir(stream.node.mode)) return;
      const asked = flags.reduce((all, [theirs, ours]) => (stream.flags & theirs ? all | ours : all), 0);
      // The program has followed links already, and made and emptied the file.
      const wanted = (asked & ~(constants.O_CREAT | constants.O_EXCL)) | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      stream.descriptor = doing(() => openSync(pathOf(stream.node), wanted));
    },
    close(stream: EmscriptenStream) {
      if (stream.descriptor !== undefined) closeSync(stream.descriptor);
      delete stream.descriptor;
    },
    getattr: (stream: EmscriptenStream) =>
      attributesOf(
        stream.node.id,
        doing(() => fstatSync(stream.descriptor ?? -1)),
      ),
    setattr(stream: EmscriptenStream, { size, ...attributes }: Attributes) {
      if (size !== undefined) doing(() => ftruncateSync(stream.descriptor ?? -1, size));
      if (Object.keys(attributes).length > 0) nodeOperations.setattr(stream.node, attributes);
    },
    read: (stream: EmscriptenStream, buffer: Int8Array, offset: number, length: number, position: number) =>
      length === 0 ? 0 : doing(() => readSync(stream.descriptor ?? -1, buffer, offset, length, position)),
    write: (stream: EmscriptenStream, buffer: Int8Array, offset: number, length: number, position: number) =>
      length === 0 ? 0 : doing(() => writeSync(stream.descriptor ?? -1, buffer, offset, length, position)),
    llseek(stream: EmscriptenStream, offset: number, from: number) {
      const start = [0, stream.position, from === 2 ? doing(() => fstatSync(stream.descriptor ?? -1)).size : 0][from];
      if (start === undefined || start + offset < 0) throw new fs.ErrnoError(numbers["EINVAL"] ?? 0);
      return start + offset;
    },
  };

  return { mount: () => make(null, "/", 0o40_755) };
}

interface Attributes {
  readonly mode?: number;
  readonly size?: number;
  readonly atime?: Date | number;
  readonly mtime?: Date | number;
}

function attributesOf(ino: number, stats: Stats): object {
  const { mode, size, atime, mtime, ctime } = stats;
  const blocks = Math.ceil(size / 512);
  return { dev: 1, ino, mode, nlink: 1, uid: 0, gid: 0, rdev: 0, size, atime, mtime, ctime, blksize: 4096, blocks };
}
