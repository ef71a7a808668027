import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { RuntimeError } from "@agentscope-runtime/protocol";
import type { CallOptions } from "@agentscope-runtime/services";
import type { Driver, ListenHandlers } from "./driver.ts";
import { migrate } from "./migrate.ts";
import { statement } from "./statement.ts";
import type { Statement } from "./statement.ts";
import { isTransient, toRuntimeError } from "./to-runtime-error.ts";

/** A part of the package that replicas tell each other something about. */
export interface Hearer {
  readonly onMessage: (text: string) => void;
  /** Messages may have been missed. */
  readonly onReconnect: () => void;
}

export interface DatabaseOptions {
  readonly driver: Driver;
  readonly schema: string;
  /** True: the tables are looked after by the first call that reaches the database, and not before. */
  readonly lazy?: boolean | undefined;
}

/** How often a statement is tried that gave way to others. */
const mostTries = 6;

/**
 * Where the services of this package keep everything: one schema of a Postgres or a PGlite. Give it to as many of them as
 * you like and dispose of it after them.
 */
export class Database implements AsyncDisposable {
  /** Tells this process's part from that of other replicas. */
  readonly id = randomUUID();
  /** The schema's name. */
  readonly schema: string;
  /** The same as it stands in SQL, where it may be a word that SQL has a use for. */
  readonly quotedSchema: string;
  readonly #driver: Driver;
  readonly #hearers = new Map<string, Set<Hearer>>();
  readonly #tell: Statement;
  #listening: Promise<AsyncDisposable> | undefined;
  #migrating: Promise<void> | undefined;
  #migrated = false;
  #over = false;

  private constructor({ driver, schema }: DatabaseOptions) {
    this.schema = schema;
    this.quotedSchema = `"${schema}"`;
    this.#driver = driver;
    this.#tell = statement("select pg_notify($1, $2)");
  }

  /** The driver is closed with it, also when this fails. Use `openPostgres` or `openPGlite`. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const { driver, schema } = options;
    try {
      if (!schemaName.test(schema)) {
        throw new RuntimeError(
          "invalid_argument",
          "A schema is named by 1 to 44 of a to z, 0 to 9 and _, a digit not first.",
        );
      }
      const database = new Database(options);
      if (options.lazy !== true) await database.#migrate();
      return database;
    } catch (thrown) {
      await driver[Symbol.asyncDispose]();
      throw toRuntimeError(thrown, driver.name);
    }
  }

  /** The rows of one statement, tried again when it gave way to others. The signal keeps it from being sent. */
  async query<TRow extends object = object>(
    wanted: Statement,
    values: readonly unknown[],
    options?: CallOptions,
  ): Promise<readonly TRow[]> {
    for (let tried = 1; ; tried++) {
      this.#assertOpen();
      try {
        if (!this.#migrated) await this.#migrate();
        return await this.#driver.query<TRow>(wanted, values, options?.signal);
      } catch (thrown) {
        options?.signal?.throwIfAborted();
        if (!isTransient(thrown) || tried === mostTries) throw toRuntimeError(thrown, this.#driver.name);
        await sleep(Math.random() * 2 ** tried * 5); // So that the same ones do not meet again.
      }
    }
  }

  /** The rows of somebody else's SQL; without values it may be several statements, which are one transaction. */
  async run(sql: string, values?: readonly unknown[]): Promise<readonly object[]> {
    this.#assertOpen();
    try {
      if (!this.#migrated) await this.#migrate();
      return await this.#driver.run(sql, values);
    } catch (thrown) {
      throw toRuntimeError(thrown, this.#driver.name);
    }
  }

  get isPGlite(): boolean {
    return this.#driver.name === "PGlite";
  }

  /** Tells every replica that hears this topic, ours included. At most 7,000 bytes. */
  async tell(topic: string, text: string, options?: CallOptions): Promise<void> {
    await this.query(this.#tell, [this.schema, payloadOf(topic, text)], options);
  }

  /** Resolves when everything that is told from now on is heard. */
  async hear(topic: string, hearer: Hearer): Promise<Disposable> {
    this.#assertOpen();
    const hearers = this.#hearers.get(topic) ?? new Set();
    this.#hearers.set(topic, hearers.add(hearer));
    try {
      await (this.#listening ??= this.#listen());
    } catch (thrown) {
      hearers.delete(hearer);
      throw toRuntimeError(thrown, this.#driver.name);
    }
    return {
      [Symbol.dispose]: () => {
        hearers.delete(hearer);
      },
    };
  }

  /** Listens to a channel that is not ours. Resolves when everything that is told there from now on is heard. */
  async listen(channel: string, handlers: ListenHandlers): Promise<AsyncDisposable> {
    this.#assertOpen();
    try {
      return await this.#driver.listen(channel, handlers);
    } catch (thrown) {
      throw toRuntimeError(thrown, this.#driver.name);
    }
  }

  /** The pool or the client that it was opened with is left alone; a PGlite of its own is closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    const listening = await this.#listening?.catch(() => undefined);
    await listening?.[Symbol.asyncDispose]();
    await this.#driver[Symbol.asyncDispose]();
  }

  async #listen(): Promise<AsyncDisposable> {
    try {
      return await this.#driver.listen(this.schema, {
        onMessage: (payload) => {
          const end = payload.indexOf(" ");
          for (const hearer of this.#hearers.get(payload.slice(0, end)) ?? []) hearer.onMessage(payload.slice(end + 1));
        },
        onReconnect: () => {
          for (const hearers of this.#hearers.values()) for (const hearer of hearers) hearer.onReconnect();
        },
      });
    } catch (thrown) {
      this.#listening = undefined; // The next one tries again.
      throw thrown;
    }
  }

  /** Once. When it fails, the next call tries again. */
  async #migrate(): Promise<void> {
    this.#migrating ??= migrate(this.#driver, this.schema, this.quotedSchema);
    try {
      await this.#migrating;
      this.#migrated = true;
    } finally {
      this.#migrating = undefined;
    }
  }

  #assertOpen(): void {
    if (this.#over) throw new RuntimeError("unavailable", "The database has been disposed.");
  }
}

/** It needs no care in SQL, and leaves room for what is added to it: Postgres cuts names off. */
const schemaName = /^[a-z_][a-z0-9_]{0,43}$/;

/** What is told on the schema's channel. In SQL: `topic || ' ' || text`. */
function payloadOf(topic: string, text: string): string {
  return `${topic} ${text}`;
}
