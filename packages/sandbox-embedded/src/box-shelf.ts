import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, readdirSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RuntimeError, parse } from "@agentscope-runtime/protocol";
import type { SandboxRecord } from "@agentscope-runtime/sandbox";
import { z } from "zod";
import { identityOf, isAlive } from "./process-identity.ts";

const noteSchema = z.object({
  id: z.string(),
  type: z.string(),
  state: z.enum(["running", "paused", "spare"]),
  createdAt: z.number(),
  labels: z.record(z.string(), z.string()),
  owner: z.object({ pid: z.int(), startedAt: z.string() }),
});
const snapshotId = /^[a-z]+-[0-9a-f]{32}$/;

/** A sandbox, or a box that is to be one. */
type ShelvedBox = Omit<SandboxRecord, "state"> & { readonly state: SandboxRecord["state"] | "spare" };

/** The directory of all boxes of one owner, whichever process made them: who is there, and their snapshots. */
export class BoxShelf {
  readonly directory: string;
  readonly #boxes: string;
  readonly #snapshots: string;

  /** Makes the directory where it is not there. `permission_denied` for one that others may change. */
  constructor(directory: string) {
    this.directory = directory;
    this.#boxes = join(directory, "boxes");
    this.#snapshots = join(directory, "snapshots");
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    assertOurs(directory);
    mkdirSync(this.#boxes, { recursive: true, mode: 0o700 });
    mkdirSync(this.#snapshots, { recursive: true, mode: 0o700 });
  }

  /** A directory of its own, for a box that needs one. */
  makeDirectory(id: string): string {
    const directory = join(this.#boxes, id);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return directory;
  }

  /** Says that there is such a box, and that it is this process's. */
  note(record: ShelvedBox): void {
    mkdirSync(this.#boxes, { recursive: true, mode: 0o700 });
    const path = join(this.#boxes, `.${record.id}.json`);
    writeFileSync(path, JSON.stringify({ ...record, owner: identityOf(process.pid) }), { mode: 0o600 });
    renameSync(path, join(this.#boxes, `${record.id}.json`));
  }

  /** The sandboxes whose owner lives. */
  list(): readonly SandboxRecord[] {
    return this.#read().flatMap(({ owner, id, type, state, createdAt, labels }) =>
      state === "spare" || !isAlive(owner) ? [] : [{ id, type, state, createdAt, labels }],
    );
  }

  /** Those that a process left which is gone. */
  abandoned(): readonly string[] {
    return this.#read()
      .filter(({ owner }) => !isAlive(owner))
      .map(({ id }) => id);
  }

  async remove(id: string): Promise<void> {
    await rm(join(this.#boxes, id), { recursive: true, force: true });
    await rm(join(this.#boxes, `${id}.json`), { force: true });
  }

  /** Its own directories, where nothing is in them. */
  tidy(): void {
    for (const directory of [this.#boxes, this.#snapshots, this.directory]) {
      try {
        rmdirSync(directory);
      } catch {
        return;
      }
    }
  }

  newSnapshot(kind: string): { readonly id: string; readonly path: string } {
    const id = `${kind}-${randomBytes(16).toString("hex")}`;
    mkdirSync(this.#snapshots, { recursive: true, mode: 0o700 });
    return { id, path: join(this.#snapshots, id) };
  }

  /** `not_found` when there is none. */
  snapshotPath(id: string): string {
    const path = join(this.#snapshots, id);
    if (snapshotId.test(id) && lstatSync(path, { throwIfNoEntry: false }) !== undefined) return path;
    throw new RuntimeError("not_found", `There is no snapshot ${JSON.stringify(id)}.`);
  }

  async removeSnapshot(id: string): Promise<void> {
    if (snapshotId.test(id)) await rm(join(this.#snapshots, id), { recursive: true, force: true });
  }

  #read(): readonly z.output<typeof noteSchema>[] {
    const names = readdirSync(this.#boxes).filter((name) => name.endsWith(".json") && !name.startsWith("."));
    return names.flatMap((name) => {
      try {
        return [parse(noteSchema, JSON.parse(readFileSync(join(this.#boxes, name), "utf8")), name)];
      } catch {
        return []; // It has just been removed.
      }
    });
  }
}

/** A directory for each user of the machine, and each kind of sandbox. */
export function defaultShelfDirectory(kind: string): string {
  return join(tmpdir(), `agentscope-${kind}-${process.getuid?.() ?? "user"}`);
}

function assertOurs(directory: string): void {
  const { uid, mode } = lstatSync(directory);
  const ours = process.getuid?.() ?? uid;
  if (uid === ours && (mode & 0o022) === 0) return;
  throw new RuntimeError(
    "permission_denied",
    `${directory} belongs to another user, or others may write to it: give the backend a directory of its own.`,
    { details: { field: "directory" } },
  );
}
