import { execFile } from "node:child_process";
import { chmod, mkdir, open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { own } from "./box-user.ts";
import type { BoxUser } from "./box-user.ts";

const run = promisify(execFile);

const smallest = 8 * 1024 * 1024;

/** The folders of a box that can be written, by where they are inside. */
export const writableFolders = { workspace: "/workspace", home: "/home/agent", tmp: "/tmp" } as const;

/** Where the disk of a box is on the host. */
export interface DiskPlace {
  /** The file that it is. */
  readonly diskImage: string;
  /** Where it is mounted: a folder that is there. */
  readonly disk: string;
}

/**
 * Gives a box a disk of its own, of a fixed size: a file system in a sparse file. What the box writes can fill this and nothing
 * else. Only root can mount.
 */
export async function makeDisk({ diskImage, disk }: DiskPlace, bytes: number, user: BoxUser): Promise<void> {
  await withRoom(async () => {
    const file = await open(diskImage, "wx", 0o600);
    await file.truncate(Math.max(bytes, smallest));
    await file.close();
    const quick = "lazy_itable_init=1,lazy_journal_init=1,nodiscard";
    await run("mkfs.ext4", ["-q", "-F", "-m", "0", "-O", "^has_journal", "-E", quick, diskImage]);
    await mountDisk({ diskImage, disk });
    await chmod(disk, 0o700);
    for (const name of Object.keys(writableFolders)) {
      const path = join(disk, name);
      await mkdir(path);
      await own(path, user);
    }
  });
}

/** Gives a box a disk that is a copy of another. */
export async function copyDisk(from: string, place: DiskPlace): Promise<void> {
  await withRoom(async () => {
    await run("cp", ["--sparse=always", from, place.diskImage]);
    await mountDisk(place);
  });
}

async function mountDisk({ diskImage, disk }: DiskPlace): Promise<void> {
  await run("mount", ["-t", "ext4", "-o", "loop,nosuid,nodev,noatime", diskImage, disk]);
}

async function withRoom(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (thrown) {
    const text = "The host has no room for a sandbox's disk. Free some, or dispose sandboxes.";
    throw new RuntimeError("resource_exhausted", text, { cause: thrown });
  }
}

/** Whether this process can make such disks: false without mkfs.ext4, without loop devices, and where it may not mount. */
export async function canMakeDisks(place: DiskPlace, user: BoxUser): Promise<boolean> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    await makeDisk(place, smallest, user);
    return true;
  } catch {
    return false;
  }
}

/** Undoes a mount, also a second one on the same place. Nothing is mounted: nothing happens. */
export async function unmount(path: string): Promise<void> {
  if (process.platform !== "linux") return;
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  const mounts = lines.map((line) => line.split(" ")[4]?.replaceAll("\\040", " "));
  // Lazily: a process on its way out may still hold it.
  for (const mount of mounts) if (mount === path) await run("umount", ["-l", path]);
}
