import { RuntimeError } from "@agentscope-runtime/protocol";
import { DirectoryNotEmptyError, FileExistsError, FileNotFoundError, StaleFileError } from "@mastra/core/workspace";
import type { WorkspaceFilesystem } from "@mastra/core/workspace";
import type { SandboxFileEntry, SandboxLike } from "./sandbox-like.ts";

/** How deep directories are read. */
const deepest = 100;

type Entry = Awaited<ReturnType<WorkspaceFilesystem["readdir"]>>[number];

/**
 * The files of a sandbox's workspace as the `filesystem` of a workspace of Mastra's. Paths outside of it are `permission_denied`. What is
 * not there, is there already, or has changed since is told by Mastra's own errors. Nothing is ended with it.
 */
export function toMastraFilesystem(sandbox: SandboxLike): WorkspaceFilesystem {
  const { files } = sandbox;

  const found = async (path: string): Promise<SandboxFileEntry> => {
    const entry = await files.stat(path);
    if (entry === undefined) throw new FileNotFoundError(path);
    return entry;
  };
  const assertFree = async (path: string, overwrite: boolean | undefined): Promise<void> => {
    if (overwrite === false && (await files.stat(path)) !== undefined) throw new FileExistsError(path);
  };
  const remove = async (path: string, { force }: { force?: boolean } = {}): Promise<void> => {
    if (force !== true) await found(path);
    await files.remove(path);
  };

  return {
    id: sandbox.id,
    name: "AgentScope Runtime",
    provider: "agentscope-runtime",
    status: "ready",

    async readFile(path, { encoding } = {}) {
      const bytes = Buffer.from(await orNotFound(path, files.read(path)));
      return encoding === undefined ? bytes : bytes.toString(encoding);
    },

    async writeFile(path, content, { overwrite, expectedMtime } = {}) {
      await assertFree(path, overwrite);
      if (expectedMtime !== undefined) {
        const { modifiedAt } = await found(path);
        if (modifiedAt !== expectedMtime.getTime()) throw new StaleFileError(path, expectedMtime, new Date(modifiedAt));
      }
      await files.write(path, content);
    },

    async appendFile(path, content) {
      const before = (await files.stat(path)) === undefined ? [] : [await files.read(path)];
      await files.write(path, Buffer.concat([...before, Buffer.from(content)]));
    },

    deleteFile: remove,

    async copyFile(source, destination, { overwrite, recursive } = {}) {
      await assertFree(destination, overwrite);
      const { type, path: root } = await found(source);
      if (type !== "directory") {
        await files.write(destination, files.stream(source));
        return;
      }
      if (recursive !== true) {
        throw new RuntimeError("invalid_argument", `${source} is a directory: copy it with recursive: true.`);
      }
      await files.mkdir(destination);
      for (const entry of await files.list(source, { depth: deepest })) {
        const target = `${destination}/${entry.path.slice(root.length + 1)}`;
        if (entry.type === "directory") await files.mkdir(target);
        else if (entry.type === "file") await files.write(target, files.stream(entry.path));
      }
    },

    async moveFile(source, destination, { overwrite } = {}) {
      await assertFree(destination, overwrite);
      await found(source);
      await files.move(source, destination);
    },

    async mkdir(path) {
      await files.mkdir(path);
    },

    async rmdir(path, options = {}) {
      if (options.recursive !== true && (await files.stat(path)) !== undefined && (await files.list(path)).length > 0) {
        throw new DirectoryNotEmptyError(path);
      }
      await remove(path, options);
    },

    async readdir(path, { recursive, extension, maxDepth } = {}) {
      const { path: root } = await found(path);
      const depth = recursive === true ? Math.min(maxDepth ?? deepest, deepest) : 1;
      const entries = await files.list(path, { depth });
      const endings = extension === undefined ? undefined : [extension].flat();
      return entries
        .filter(({ type, name }) => type === "directory" || endings?.some((ending) => name.endsWith(ending)) !== false)
        .map((entry) => toEntry(entry, root));
    },

    async exists(path) {
      return (await files.stat(path)) !== undefined;
    },

    async stat(path) {
      const { name, type, size = 0, modifiedAt } = await found(path);
      const modified = new Date(modifiedAt);
      // When it was made nobody knows.
      return { name, path, type: kindOf(type), size, createdAt: modified, modifiedAt: modified };
    },
  };
}

function toEntry({ path, type, size }: SandboxFileEntry, root: string): Entry {
  const name = path.slice(root.length + 1);
  return { name, type: kindOf(type), ...(size !== undefined && { size }), ...(type === "link" && { isSymlink: true }) };
}

function kindOf(type: SandboxFileEntry["type"]): "file" | "directory" {
  return type === "directory" ? "directory" : "file";
}

async function orNotFound(path: string, reading: Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await reading;
  } catch (thrown) {
    if (RuntimeError.is(thrown) && thrown.code === "not_found") throw new FileNotFoundError(path);
    throw thrown;
  }
}
