import { chmod, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { z } from "zod";
import { own } from "./box-user.ts";
import type { BoxUser } from "./box-user.ts";
import { unmount } from "./workspace-disk.ts";

const recordSchema = z.object({
  /** The backend object that keeps it. */
  holder: z.string(),
  type: z.string(),
  image: z.string(),
  egress: z.array(z.object({ host: z.string(), ports: z.array(z.number()).readonly() })).readonly(),
  /** What is left of its time, as of `countedAt`; while it is paused nothing is taken off. */
  leftMs: z.number(),
  countedAt: z.number(),
  paused: z.boolean(),
});

/** What the next process must know to take a sandbox over. */
export type BoxRecord = z.infer<typeof recordSchema>;

/** Longer paths do not fit into the address of a unix socket, with what comes below. */
const maxDirectoryLength = 60;

/** The files of one box on the host. */
export class BoxFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Where the server inside makes its socket. */
  get server(): string {
    return join(this.path, "box");
  }

  /** Where the proxy outside makes its socket. */
  get egress(): string {
    return join(this.path, "egress");
  }

  get diskImage(): string {
    return join(this.path, "disk.img");
  }

  get disk(): string {
    return join(this.path, "disk");
  }

  /** Nobody else on the host gets past its first folder. */
  async make(user: BoxUser): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    for (const path of [this.server, this.egress, this.disk]) await mkdir(path);
    await this.unlock();
    await chmod(this.egress, 0o711);
    await own(this.disk, user);
  }

  /** Lets the box make its socket, and everything else there as well. */
  async unlock(): Promise<void> {
    await chmod(this.server, 0o733);
  }

  /** Lets it make nothing more: it would fill the host's disk, or put something else in its socket's place. */
  async lock(): Promise<void> {
    await chmod(this.server, 0o711);
  }

  async read(): Promise<BoxRecord | undefined> {
    try {
      return recordSchema.parse(JSON.parse(await readFile(join(this.path, "record.json"), "utf8")));
    } catch {
      return undefined; // Not there, or half of it: then nobody knows the box.
    }
  }

  /** Whether somebody may still be about to write the record. */
  async isYoung(youngMs: number): Promise<boolean> {
    const { ctimeMs } = await stat(this.path).catch(() => ({ ctimeMs: 0 }));
    return Date.now() - ctimeMs < youngMs;
  }

  async write(record: BoxRecord): Promise<void> {
    const file = join(this.path, "record.json");
    await writeFile(`${file}.new`, JSON.stringify(record));
    await rename(`${file}.new`, file);
  }

  async remove(): Promise<void> {
    await unmount(this.disk);
    await rm(this.path, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Where a backend keeps what belongs to its boxes, and tells others that it is alive. */
export class BoxDirectory {
  readonly path: string;
  readonly #holder: string;
  readonly #leaseMs: number;

  private constructor(path: string, holder: string, leaseMs: number) {
    this.path = path;
    this.#holder = holder;
    this.#leaseMs = leaseMs;
  }

  /** Makes it, or takes one that belongs to us alone. */
  static async open(path: string, holder: string, leaseMs: number): Promise<BoxDirectory> {
    if (path.length > maxDirectoryLength) {
      throw new RuntimeError("invalid_argument", `directory: ${path} is longer than ${maxDirectoryLength} characters.`);
    }
    for (const folder of [path, join(path, "boxes"), join(path, "holders")]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { uid, mode } = await stat(folder);
      if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
        throw new RuntimeError("permission_denied", `directory: ${folder} must belong to this user alone (mode 700).`);
      }
    }
    const directory = new BoxDirectory(path, holder, leaseMs);
    await writeFile(directory.#holderFile(holder), "");
    return directory;
  }

  box(id: string): BoxFolder {
    return new BoxFolder(join(this.path, "boxes", id));
  }

  /** Ids of all that have files here, whether or not a container is left. */
  async ids(): Promise<readonly string[]> {
    return readdir(join(this.path, "boxes"));
  }

  async renew(): Promise<void> {
    const now = new Date();
    await utimes(this.#holderFile(this.#holder), now, now);
  }

  /** Whether a backend object still says that it is there. */
  async isAlive(holder: string): Promise<boolean> {
    const { mtimeMs } = await stat(this.#holderFile(holder)).catch(() => ({ mtimeMs: 0 }));
    return Date.now() - mtimeMs < this.#leaseMs;
  }

  /** Forgets those who have stopped saying so. */
  async removeDead(): Promise<void> {
    for (const holder of await readdir(join(this.path, "holders"))) {
      if (!(await this.isAlive(holder))) await rm(this.#holderFile(holder), { force: true });
    }
  }

  async close(): Promise<void> {
    await rm(this.#holderFile(this.#holder), { force: true });
  }

  #holderFile(holder: string): string {
    return join(this.path, "holders", holder);
  }
}
