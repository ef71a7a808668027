import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Debian keeps the programs of each Postgres apart from the PATH, under its version. */
const debian = "/usr/lib/postgresql";

/** Where a program of the system is; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...debianFolders()];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** Newest version first. */
function debianFolders(): string[] {
  try {
    const versions = readdirSync(debian).toSorted((left, right) => Number(right) - Number(left));
    return versions.map((version) => join(debian, version, "bin"));
  } catch {
    return []; // Not a Debian, or one without Postgres.
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
