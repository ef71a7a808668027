import { Lifetime, parseTtl } from "@agentscope-runtime/services";
import type { CallOptions, Lease, Leases } from "@agentscope-runtime/services";
import { Chore } from "./chore.ts";
import type { Database } from "./database.ts";
import { statement } from "./statement.ts";
import { toKey } from "./to-key.ts";
import { toText } from "./to-text.ts";

export interface PostgresLeasesOptions {
  /** Yours: it is not closed. */
  readonly database: Database;
}

interface LeaseRow {
  readonly token: number;
  readonly expires_at: number;
}

/** How often leases are forgotten that ended long ago, and how many at a time. */
const sweepEveryMs = 60_000;
const sweptAtOnce = 1000;

/** Leases in one table, by the clock of the database: those of the replicas may differ. */
export class PostgresLeases implements Leases {
  readonly #lifetime = new Lifetime("PostgresLeases");
  readonly #database: Database;
  readonly #statements: ReturnType<typeof statementsOf>;
  readonly #sweeping: Chore;

  constructor({ database }: PostgresLeasesOptions) {
    this.#database = database;
    this.#statements = statementsOf(database.quotedSchema);
    this.#sweeping = new Chore(() => database.query(this.#statements.sweep, [sweptAtOnce]), sweepEveryMs);
  }

  acquire(name: string, ttlMs: number, options?: CallOptions): Promise<Lease | undefined> {
    return this.#lifetime.call(options, async () => {
      const values = [toKey(name), toText(name), parseTtl(ttlMs)];
      const [row] = await this.#database.query<LeaseRow>(this.#statements.acquire, values, options);
      if (row === undefined) return undefined;
      this.#sweeping.doIfDue();
      return { name, token: row.token, expiresAt: row.expires_at };
    });
  }

  renew({ name, token }: Lease, ttlMs: number, options?: CallOptions): Promise<Lease | undefined> {
    return this.#lifetime.call(options, async () => {
      const values = [toKey(name), token, parseTtl(ttlMs)];
      const [row] = await this.#database.query<LeaseRow>(this.#statements.renew, values, options);
      return row && { name, token, expiresAt: row.expires_at };
    });
  }

  release({ name, token }: Lease, options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      await this.#database.query(this.#statements.release, [toKey(name), token], options);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    await this.#sweeping[Symbol.asyncDispose]();
  }
}

function statementsOf(schema: string) {
  return {
    // A token is drawn when the row is ours, so that whoever comes later has the greater one.
    acquire: statement(`
      insert into ${schema}.lease as lease (key, name, token, expires_at)
      values ($1, $2, nextval('${schema}.lease_token'), ${schema}.now_ms() + $3::bigint)
      on conflict (key) do update set
        token = nextval('${schema}.lease_token'),
        expires_at = ${schema}.now_ms() + $3::bigint
      where lease.expires_at <= ${schema}.now_ms()
      returning token::float8, expires_at::float8`),
    renew: statement(`
      update ${schema}.lease set expires_at = ${schema}.now_ms() + $3::bigint
      where key = $1 and token = $2::float8 and expires_at > ${schema}.now_ms()
      returning token::float8, expires_at::float8`),
    // The row stays: were it gone, somebody who is about to insert it could have drawn his token before us.
    release: statement(`
      update ${schema}.lease set expires_at = 0 where key = $1 and token = $2::float8`),
    // Nobody is about to insert for a day.
    sweep: statement(`
      delete from ${schema}.lease where key in (
        select key from ${schema}.lease where expires_at < ${schema}.now_ms() - 86400000
        limit $1::int for update skip locked
      )`),
  };
}
