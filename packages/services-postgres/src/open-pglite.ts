import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeError } from "@agentscope-runtime/protocol";
import { Database } from "./database.ts";
import { lockDirectory } from "./directory-lock.ts";
import type { PGliteClient } from "./pglite-client.ts";
import { PGliteDriver } from "./pglite-driver.ts";

/** A database's files, as a `.tar.gz`. */
type Template = () => Promise<Blob>;

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
  /**
   * True: resolves at once, while PGlite is still starting, which takes seconds in a new directory. Calls wait for it. That
   * another process has the directory is told at once all the same. Default false.
   */
  readonly lazy?: boolean | undefined;
  /**
   * What a new database begins with, such as `dataDir` of `@electric-sql/pglite-prepopulatedfs`. To make one from nothing, as
   * PGlite does by default, takes seconds; to unpack one a fraction of that.
   */
  readonly template?: Template | undefined;
}

/** A Postgres inside of this process, ready for the services. It needs the package `@electric-sql/pglite`. */
export async function openPGlite(options: OpenPGliteOptions = {}): Promise<Database> {
  const { schema = "agentscope", lazy } = options;
  const driver = await createDriver(options);
  const opening = driver.client();
  // Who is lazy learns with the next call why it failed.
  if (lazy === true) opening.catch(() => undefined);
  else await orDispose(opening, driver);
  return Database.open({ driver, schema, lazy });
}

async function orDispose(opening: Promise<unknown>, driver: PGliteDriver): Promise<void> {
  try {
    await opening;
  } catch (thrown) {
    await driver[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function createDriver({ directory, client, template }: OpenPGliteOptions): Promise<PGliteDriver> {
  if (client !== undefined) {
    return new PGliteDriver(
      () => Promise.resolve(client),
      () => Promise.resolve(), // Somebody else's.
    );
  }
  if (directory === undefined)
    return new PGliteDriver(
      () => createClient(undefined, template),
      async (own) => own?.close(),
    );
  const lock = await lockDirectory(directory);
  return new PGliteDriver(
    () => openDirectory(directory, template),
    async (own) => {
      try {
        await own?.close();
      } finally {
        await lock[Symbol.asyncDispose]();
      }
    },
  );
}

async function openDirectory(directory: string, template: Template | undefined): Promise<PGliteClient> {
  try {
    return await createClient(join(directory, "data"), template);
  } catch (thrown) {
    if (RuntimeError.is(thrown)) throw thrown;
    throw new RuntimeError(
      "unavailable",
      `PGlite cannot open ${directory}: its files are damaged, or of another major version. Put a backup in its place, or move it away to begin anew.`,
      { cause: thrown },
    );
  }
}

async function createClient(dataDir: string | undefined, template: Template | undefined): Promise<PGliteClient> {
  const { PGlite } = await importPGlite();
  if (dataDir !== undefined) await mkdir(dataDir, { recursive: true });
  const isNew = dataDir === undefined || !existsSync(join(dataDir, "PG_VERSION"));
  const loadDataDir = isNew ? await template?.() : undefined;
  return PGlite.create({ ...(dataDir !== undefined && { dataDir }), ...(loadDataDir && { loadDataDir }) });
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
