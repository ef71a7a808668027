import { symlink } from "node:fs/promises";
import { posix } from "node:path";
import { ReadWriteFs } from "just-bash";

/** Larger files are read in pieces by nothing here. */
const maxFileReadSize = 256 * 1024 * 1024;

/** A directory of this machine, as the shell sees it: links are kept as they were made, and lead nowhere else. */
export class WorkspaceFs extends ReadWriteFs {
  readonly #directory: string;
  readonly #mountPoint: string;

  /**
   * @param directory - the one of this machine
   * @param mountPoint - where the shell sees it
   */
  constructor(directory: string, mountPoint: string) {
    super({ root: directory, allowSymlinks: true, maxFileReadSize });
    this.#directory = directory;
    this.#mountPoint = mountPoint;
  }

  /** A target in here is kept relative to the link, so that it is found from outside, too. */
  override async symlink(target: string, linkPath: string): Promise<void> {
    const parent = await this.realpath(posix.dirname(linkPath)); // Rejects when it leads out.
    const isInside = target === this.#mountPoint || target.startsWith(`${this.#mountPoint}/`);
    const kept = isInside ? posix.relative(parent, target.slice(this.#mountPoint.length) || "/") || "." : target;
    await symlink(kept, posix.join(this.#directory, parent, posix.basename(linkPath)));
  }
}
