import { InProcessTopic, Lifetime } from "@agentscope-runtime/services";
import type { CallOptions, Subscription, Topic } from "@agentscope-runtime/services";
import type { Database } from "./database.ts";
import { statement } from "./statement.ts";

export interface PostgresTopicOptions {
  /** Yours: it is not closed. */
  readonly database: Database;
}

/** Postgres takes less than 8,000 bytes. */
const mostTold = 7000;
/** How long what is too long to be told waits for the replicas to fetch it. */
const keptMs = 60_000;

/**
 * Messages by `NOTIFY`. A message that is too long for that waits in a table for a minute; while the connection that
 * listens is lost, messages are missed.
 */
export class PostgresTopic implements Topic {
  readonly #lifetime = new Lifetime("PostgresTopic");
  readonly #database: Database;
  readonly #statements: ReturnType<typeof statementsOf>;
  readonly #local = new InProcessTopic();
  #hearing: Promise<Disposable> | undefined;
  /** What was heard and waits for one before it that must be fetched. */
  readonly #told: string[] = [];
  #handing: Promise<void> | undefined;

  constructor({ database }: PostgresTopicOptions) {
    this.#database = database;
    this.#statements = statementsOf(database.quotedSchema);
  }

  publish(name: string, message: string, options?: CallOptions): Promise<void> {
    return this.#lifetime.call(options, async () => {
      const text = JSON.stringify([name, message]);
      if (Buffer.byteLength(text) <= mostTold) await this.#database.tell("topic", text, options);
      else await this.#database.query(this.#statements.publishLong, [this.#database.schema, text, keptMs], options);
    });
  }

  subscribe(name: string, options?: CallOptions): Promise<Subscription> {
    return this.#lifetime.call(options, async () => {
      await (this.#hearing ??= this.#hear());
      this.#lifetime.assertOpen(options);
      return this.#local.subscribe(name, options);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.end();
    await this.#local[Symbol.asyncDispose]();
    const hearing = await this.#hearing?.catch(() => undefined);
    hearing?.[Symbol.dispose]();
    this.#told.length = 0;
    await this.#handing;
  }

  async #hear(): Promise<Disposable> {
    try {
      return await this.#database.hear("topic", {
        onMessage: (text) => {
          this.#receive(text);
        },
        onReconnect: () => undefined, // Who did not listen misses it.
      });
    } catch (thrown) {
      this.#hearing = undefined; // The next one tries again.
      throw thrown;
    }
  }

  /** Either the message itself, or the number of the row that has it. */
  #receive(told: string): void {
    if (this.#handing === undefined && told.startsWith("[")) {
      this.#hand(told);
      return;
    }
    this.#told.push(told);
    this.#handing ??= this.#handAll();
  }

  async #handAll(): Promise<void> {
    for (let told = this.#told.shift(); told !== undefined; told = this.#told.shift()) {
      const text = told.startsWith("[") ? told : await this.#fetch(told);
      if (text !== undefined) this.#hand(text);
    }
    this.#handing = undefined;
  }

  #hand(text: string): void {
    const [name, message] = JSON.parse(text) as [string, string]; // Our own text of them.
    // Nobody minds when it was disposed meanwhile.
    this.#local.publish(name, message).catch(() => undefined);
  }

  /** Undefined when it cannot be had any more: it is missed. */
  async #fetch(id: string): Promise<string | undefined> {
    try {
      const [row] = await this.#database.query<{ body: string }>(this.#statements.fetch, [id]);
      return row?.body;
    } catch {
      return undefined;
    }
  }
}

function statementsOf(schema: string) {
  return {
    // What has waited long enough makes room.
    publishLong: statement(`
      with old as (
        delete from ${schema}.topic_message where id in (
          select id from ${schema}.topic_message where told_at < ${schema}.now_ms() - $3::bigint
          limit 100 for update skip locked
        )
      ), added as (
        insert into ${schema}.topic_message (body, told_at) values ($2, ${schema}.now_ms()) returning id
      )
      select pg_notify($1, 'topic ' || id)::text from added`),
    fetch: statement(`select body from ${schema}.topic_message where id = $1::bigint`),
  };
}
