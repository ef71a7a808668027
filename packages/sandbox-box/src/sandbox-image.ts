import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** The images that come with the runtime. */
export const sandboxImages = ["base", "filesystem", "browser", "gui"] as const;

export type SandboxImage = (typeof sandboxImages)[number];

/** Each image and what it is built on. */
const parents: Readonly<Record<SandboxImage, SandboxImage | undefined>> = {
  base: undefined,
  filesystem: "base",
  browser: "base",
  gui: "browser",
};

/** An image and those below it, the lowest first. */
export function imageChain(image: SandboxImage): readonly SandboxImage[] {
  const parent = parents[image];
  return parent === undefined ? [image] : [...imageChain(parent), image];
}

/** A short hash of texts and of all files in folders; names count, the folders' places do not. */
export async function hashRecipe(texts: readonly string[], folders: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text.length}:${text}`);
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.toSorted()) {
      const bytes = await readFile(file);
      hash.update(`${file.slice(folder.length)}:${bytes.length}:`).update(bytes);
    }
  }
  return hash.digest("hex").slice(0, 16);
}
