import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { describeWithPostgres } from "./describe-with-server.ts";
import { freshName } from "./open-test-server.ts";

/** How the code under test opens its database. What is left out is not tested here. */
export interface DatabaseOpeners<T extends AsyncDisposable> {
  readonly openPostgres?: (options: { readonly pool: pg.Pool; readonly schema: string }) => Promise<T>;
  readonly openPGlite?: (options: { readonly client: PGlite; readonly schema: string }) => Promise<T>;
}

/** Databases for one test: all on one fresh schema, all closed after it. */
export interface TestDatabases<T> {
  readonly driver: "Postgres" | "PGlite";
  /** On a schema that is empty. */
  open(): Promise<T>;
  /** What another replica has: connections of its own to the schema opened last. */
  openPeer(): Promise<T>;
}

type Tests<T> = (databases: TestDatabases<T>) => void;

/** Registers tests for a real Postgres, where each opening has a pool of its own, and again for PGlite. */
export function describeDatabases<T extends AsyncDisposable>(
  { openPostgres, openPGlite }: DatabaseOpeners<T>,
  tests: Tests<T>,
): void {
  if (openPostgres !== undefined) describeOnPostgres(openPostgres, tests);
  if (openPGlite !== undefined) describeOnPGlite(openPGlite, tests);
}

function describeOnPostgres<T extends AsyncDisposable>(
  openPostgres: NonNullable<DatabaseOpeners<T>["openPostgres"]>,
  tests: Tests<T>,
): void {
  describeWithPostgres("on Postgres", (url) => {
    const pools: pg.Pool[] = [];
    const databases = new FreshDatabases("Postgres", (schema) => {
      const pool = new pg.Pool({ connectionString: url(), max: 10 });
      pools.push(pool);
      return openPostgres({ pool, schema });
    });
    afterEach(async () => {
      await databases[Symbol.asyncDispose]();
      for (const pool of pools.splice(0)) await pool.end();
    });
    tests(databases);
  });
}

function describeOnPGlite<T extends AsyncDisposable>(
  openPGlite: NonNullable<DatabaseOpeners<T>["openPGlite"]>,
  tests: Tests<T>,
): void {
  describe("on PGlite", () => {
    let client: PGlite | undefined; // One for all tests: to begin one takes seconds.
    const databases = new FreshDatabases("PGlite", async (schema) => {
      client ??= await PGlite.create();
      return openPGlite({ client, schema });
    });
    afterEach(() => databases[Symbol.asyncDispose]());
    afterAll(() => client?.close());
    tests(databases);
  });
}

class FreshDatabases<T extends AsyncDisposable> implements TestDatabases<T>, AsyncDisposable {
  readonly driver: "Postgres" | "PGlite";
  readonly #openSchema: (schema: string) => Promise<T>;
  readonly #opened: T[] = [];
  #schema = "";

  constructor(driver: "Postgres" | "PGlite", openSchema: (schema: string) => Promise<T>) {
    this.driver = driver;
    this.#openSchema = openSchema;
  }

  open(): Promise<T> {
    this.#schema = freshName();
    return this.openPeer();
  }

  async openPeer(): Promise<T> {
    const database = await this.#openSchema(this.#schema);
    this.#opened.push(database);
    return database;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const database of this.#opened.splice(0).toReversed()) await database[Symbol.asyncDispose]();
  }
}
