import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { Database } from "./database.ts";
import { lockDirectory } from "./directory-lock.ts";
import type { PGliteClient } from "./pglite-client.ts";
import { PGliteDriver } from "./pglite-driver.ts";

export interface OpenPGliteOptions {
  /**
   * Where everything is kept; created when it is missing. One process at a time can have it: `conflict` for another. In
   * memory by default.
   */
  readonly directory?: string | undefined;
  /** A `PGlite` of your own, such as one with extensions, in place of a directory. It is not closed. */
  readonly client?: PGliteClient | undefined;
  /** Default "agentscope". */
  readonly schema?: string | undefined;
}

/** A Postgres inside of this process, ready for the services. It needs the package `@electric-sql/pglite`. */
export async function openPGlite({
  directory,
  client,
  schema = "agentscope",
}: OpenPGliteOptions = {}): Promise<Database> {
  if (client !== undefined) return Database.open({ driver: new PGliteDriver(client, async () => undefined), schema });
  return Database.open({ driver: await openDriver(directory), schema });
}

async function openDriver(directory: string | undefined): Promise<PGliteDriver> {
  if (directory === undefined) {
    const client = await createClient(undefined);
    return new PGliteDriver(client, () => client.close());
  }
  const lock = await lockDirectory(directory);
  try {
    const client = await createClient(join(directory, "data"));
    return new PGliteDriver(client, async () => {
      try {
        await client.close();
      } finally {
        await lock[Symbol.asyncDispose]();
      }
    });
  } catch (thrown) {
    await lock[Symbol.asyncDispose]();
    if (RuntimeError.is(thrown)) throw thrown;
    throw new RuntimeError(
      "unavailable",
      `PGlite cannot open ${directory}: its files are damaged, or of another major version. Put a backup in its place, or move it away to begin anew.`,
      { cause: thrown },
    );
  }
}

async function createClient(dataDir: string | undefined): Promise<PGliteClient> {
  const { PGlite } = await importPGlite();
  if (dataDir === undefined) return PGlite.create();
  await mkdir(dataDir, { recursive: true });
  return PGlite.create(dataDir);
}

async function importPGlite() {
  try {
    return await import("@electric-sql/pglite");
  } catch (thrown) {
    throw new RuntimeError("unavailable", "PGlite is not installed: npm install @electric-sql/pglite", {
      cause: thrown,
    });
  }
}
