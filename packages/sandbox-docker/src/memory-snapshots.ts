import { execFile } from "node:child_process";
import { access, constants, cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type Docker from "dockerode";
import { errorInfoSchema, RuntimeError } from "@agentscope-runtime/protocol";
import type { SandboxSnapshot } from "@agentscope-runtime/sandbox";
import { z } from "zod";
import type { BoxFolder } from "./box-directory.ts";

const run = promisify(execFile);
const idPattern = /^memory-[0-9a-f]{32}$/;
/** What the server of a box asks to be told, and how: see `suspension.ts` of sandbox-box. */
const suspendPath = "/suspend";
const resumeFile = "resume";
const mostTries = 20;
const retryMs = 100;

/** What the library's types leave out of a container. */
interface Checkpointed {
  createCheckpoint(options: { readonly checkpointID: string; readonly exit: boolean }): Promise<unknown>;
  deleteCheckpoint(id: string): Promise<unknown>;
}

const recordSchema = z.object({ image: z.string(), hasDisk: z.boolean() });

/** What a box has to begin with that goes on from a snapshot. */
export type MemorySnapshotRecord = z.infer<typeof recordSchema>;

export interface MemorySource {
  readonly container: Docker.Container;
  readonly folder: BoxFolder;
  /** The socket on which the server of the box listens, and its name. */
  readonly socketPath: string;
  readonly socketName: string;
  readonly record: MemorySnapshotRecord;
}

/**
 * Snapshots of all that a sandbox is: its processes where they are, its memory and its disk. Only gVisor can take them, only an
 * engine that is allowed to experiment hands them on, and only root can put them where that engine looks for them.
 */
export class MemorySnapshots {
  readonly #place: string;
  readonly #engineRoot: string;
  /** The engine hands one copy of a checkpoint on at a time. */
  #starting: Promise<unknown> = Promise.resolve();

  private constructor(place: string, engineRoot: string) {
    this.#place = place;
    this.#engineRoot = engineRoot;
  }

  /** Undefined where there can be none. */
  static async open(
    docker: Docker,
    runtime: string | undefined,
    directory: string,
  ): Promise<MemorySnapshots | undefined> {
    if (runtime?.startsWith("runsc") !== true || process.getuid?.() !== 0) return undefined;
    const { ExperimentalBuild, DockerRootDir } = engineSchema.parse(await docker.info());
    if (!ExperimentalBuild) return undefined;
    try {
      await access(join(DockerRootDir, "containers"), constants.W_OK); // The engine may be elsewhere.
    } catch {
      return undefined;
    }
    const place = join(directory, "snapshots");
    await mkdir(place, { recursive: true, mode: 0o700 });
    return new MemorySnapshots(place, DockerRootDir);
  }

  static isId(id: string): boolean {
    return idPattern.test(id);
  }

  /**
   * Takes one. The sandbox stands still meanwhile, and goes on. `conflict` while something runs in it: what it is connected to
   * cannot be kept.
   */
  async take({ container, folder, socketPath, socketName, record }: MemorySource): Promise<SandboxSnapshot> {
    const id = `memory-${crypto.randomUUID().replaceAll("-", "")}`;
    const place = join(this.#place, `${id}.new`);
    await mkdir(place, { mode: 0o700 });
    const checkpointed = checkpointsOf(container);
    try {
      await suspend(socketPath);
      await rm(socketName, { force: true }); // The next of this name is another one.
      try {
        await checkpointed.createCheckpoint({ checkpointID: id, exit: false });
        await container.pause();
        await this.#keep(await this.#checkpoint(container, id), { place, folder, record });
        await container.unpause();
      } finally {
        await letGoOn(folder);
        await checkpointed.deleteCheckpoint(id).catch(() => undefined); // It was not made.
      }
      await rename(place, join(this.#place, id));
      return { id, kind: "memory" };
    } catch (thrown) {
      await rm(place, { recursive: true, force: true });
      throw thrown;
    }
  }

  /** `not_found` when there is none of this id. */
  async find(id: string): Promise<MemorySnapshotRecord> {
    try {
      return recordSchema.parse(JSON.parse(await readFile(join(this.#place, id, "record.json"), "utf8")));
    } catch (cause) {
      throw new RuntimeError("not_found", `There is no snapshot ${id}.`, { cause });
    }
  }

  /** The file system that the box's disk begins as. */
  diskImage(id: string): string {
    return join(this.#place, id, "disk.img");
  }

  /** Starts a container, which was made like the snapshot's, where that was. */
  async start(id: string, container: Docker.Container, { folder }: Pick<MemorySource, "folder">): Promise<void> {
    await cp(join(this.#place, id, "checkpoint"), await this.#checkpoint(container, id), { recursive: true });
    await letGoOn(folder);
    const starting = this.#starting.then(async () => startFrom(container, id));
    this.#starting = starting.catch(() => undefined);
    await starting;
  }

  async remove(id: string): Promise<void> {
    await rm(join(this.#place, id), { recursive: true, force: true });
  }

  async #keep(
    checkpoint: string,
    { place, folder, record }: { readonly place: string } & Pick<MemorySource, "folder" | "record">,
  ): Promise<void> {
    await cp(checkpoint, join(place, "checkpoint"), { recursive: true });
    if (record.hasDisk) {
      await run("sync", ["--file-system", folder.disk]);
      await run("cp", ["--sparse=always", folder.diskImage, join(place, "disk.img")]);
    }
    await writeFile(join(place, "record.json"), JSON.stringify(record));
  }

  /** Where the engine keeps a checkpoint of a container; it takes no other place. */
  async #checkpoint(container: Docker.Container, id: string): Promise<string> {
    const { Id } = await container.inspect();
    return join(this.#engineRoot, "containers", Id, "checkpoints", id);
  }
}

function checkpointsOf(container: Docker.Container): Checkpointed {
  return container as unknown as Checkpointed;
}

/** Another process may be starting from the same checkpoint, which the engine takes for an error. */
async function startFrom(container: Docker.Container, checkpoint: string): Promise<void> {
  for (let left = mostTries; ; left -= 1) {
    try {
      await dialStart(container, checkpoint);
      return;
    } catch (thrown) {
      if (left === 0 || !String(thrown).includes("already exists")) throw thrown;
      await sleep(retryMs);
    }
  }
}

/** The library would send the options in the body as well, which engines refuse. */
async function dialStart(container: Docker.Container, checkpoint: string): Promise<void> {
  const { modem } = container as { readonly modem: Docker["modem"] };
  await new Promise<void>((resolve, reject) => {
    const call = {
      path: `/containers/${container.id}/start?checkpoint=${checkpoint}&`, // It cuts off the last character.
      method: "POST",
      statusCodes: { 204: true, 404: "no such container", 500: "server error" },
    };
    modem.dial(call, (thrown: Error | null) => {
      if (thrown === null) resolve();
      else reject(thrown);
    });
  });
}

const engineSchema = z.object({ ExperimentalBuild: z.boolean(), DockerRootDir: z.string() });
const refusalSchema = z.object({ error: errorInfoSchema });

async function suspend(socketPath: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const asked = request({ socketPath, method: "POST", path: suspendPath, agent: false }, (response) => {
      if (response.statusCode === 204) {
        response.resume().once("close", () => {
          resolve();
        });
        return;
      }
      json(response).then((body) => {
        reject(RuntimeError.fromInfo(refusalSchema.parse(body).error));
      }, reject);
    });
    asked.once("error", reject).end();
  });
}

/** It removes the file, and makes another socket. */
async function letGoOn(folder: BoxFolder): Promise<void> {
  await folder.unlock();
  await writeFile(join(folder.server, resumeFile), "");
}
