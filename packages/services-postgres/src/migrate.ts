import { createHash } from "node:crypto";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { Driver } from "./driver.ts";
import { firstTables } from "./first-tables.ts";
import { runNotes } from "./run-notes.ts";
import { statement } from "./statement.ts";
import { isMissing } from "./to-runtime-error.ts";
import { wordTables } from "./word-tables.ts";

/** The steps from an empty schema to today's tables. One that was published is never changed: a new one follows it. */
const steps: readonly ((schema: string) => string)[] = [firstTables, wordTables, runNotes];

/**
 * Brings the schema's tables up to date. Any number of replicas may do so at once: one does the work, the others wait for
 * it. A schema of a newer release is refused, since this one does not know what it would break.
 */
export async function migrate(driver: Driver, schema: string, quotedSchema: string): Promise<void> {
  await assertFit(driver);
  let version = await versionOf(driver, quotedSchema);
  if (version < steps.length) {
    await driver.run(migration(schema, quotedSchema));
    version = await versionOf(driver, quotedSchema);
  }
  if (version > steps.length) {
    throw new RuntimeError(
      "unavailable",
      `The schema "${schema}" has version ${version}, and this release knows ${steps.length}: use the release that wrote it, or a newer one.`,
    );
  }
}

/** What the statements of this package rely on, and no table can ensure. */
async function assertFit(driver: Driver): Promise<void> {
  const settings = statement(
    "select current_setting('server_encoding') as encoding, current_setting('default_transaction_isolation') as isolation",
  );
  const [row] = await driver.query<{ encoding: string; isolation: string }>(settings, [], undefined);
  if (row?.encoding !== "UTF8") {
    throw new RuntimeError("unavailable", "The database is not in UTF-8: create one with encoding UTF8.");
  }
  if (row.isolation !== "read committed") {
    throw new RuntimeError(
      "unavailable",
      "Transactions are not read committed by default: set default_transaction_isolation back for this role.",
    );
  }
}

/** 0 for a schema that is not there. */
async function versionOf(driver: Driver, quotedSchema: string): Promise<number> {
  try {
    const newest = statement(`select max(version)::int as version from ${quotedSchema}.migration`);
    const [row] = await driver.query<{ version: number | null }>(newest, [], undefined);
    return row?.version ?? 0;
  } catch (thrown) {
    if (isMissing(thrown)) return 0;
    throw thrown;
  }
}

/** One transaction. What others did while it waited for the lock is seen by the statements behind it. */
function migration(schema: string, quotedSchema: string): string {
  const lock = createHash("sha256").update(`agentscope migration ${schema}`).digest().readBigInt64BE();
  const numbered = steps.map(
    (step, index) => `
      if not exists (select from ${quotedSchema}.migration where version = ${index + 1}) then
        ${step(quotedSchema)}
        insert into ${quotedSchema}.migration values (${index + 1}, now());
      end if;`,
  );
  return `
    select pg_advisory_xact_lock(${lock});
    do $migration$ begin
      if not exists (select from pg_namespace where nspname = '${schema}') then
        create schema ${quotedSchema};
      end if;
      create table if not exists ${quotedSchema}.migration (
        version int primary key,
        applied_at timestamptz not null
      );
      ${numbered.join("\n")}
    end $migration$;`;
}
