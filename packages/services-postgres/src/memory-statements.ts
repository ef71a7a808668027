import type { Positioned } from "./page-request.ts";
import { statement } from "./statement.ts";
import type { Statement } from "./statement.ts";

export interface MemoryRow extends Positioned {
  readonly memory_id: string;
  readonly user_id: string;
  readonly session_id: string | null;
  readonly body: string;
  readonly metadata: string;
  readonly created_at: number;
  readonly expires_at: number | null;
}

export interface FoundRow extends MemoryRow {
  readonly score: number;
}

export interface MemoryStatements {
  readonly add: Statement;
  /** All of a user. */
  readonly user: ScopeStatements;
  /** Of one session. */
  readonly session: ScopeStatements;
  readonly forget: Statement;
}

/** Each takes the user's key and the session's first. */
export type ScopeStatements = Readonly<Record<"search" | "searchBoth" | "list" | "delete", Statement>>;

/** How near two vectors of length 1 are, in SQL: their product. */
export type Nearness = (left: string, right: string) => string;

/** Without an extension: number by number. */
export const plainNearness: Nearness = (left, right) =>
  `(select sum(pair.one * pair.other)::float8 from unnest(${left}, ${right}) as pair (one, other))`;

/** With pgvector, which is in that schema. */
export function vectorNearness(schema: string): Nearness {
  return (left, right) => `-(${left}::${schema}.vector operator(${schema}.<#>) ${right}::${schema}.vector)`;
}

/** The usual constant of reciprocal rank fusion. */
const flatness = 60;

/** A flag of `ts_rank`: by the logarithm of their length. */
const longTextsCountLess = 1;

/** So many of each ranking are fused. */
const fusedRanks = 1000;

export function memoryStatements(schema: string, nearness: Nearness): MemoryStatements {
  const memory = `${schema}.memory`;
  return {
    add: statement(`
      with draft as (
        select place, memory_id, coalesce(body, '') as body, metadata, ttl, embedding, now_ms
        from ${schema}.now_ms() as now_ms, unnest(
          $5::text[], string_to_array($6::text, E'\\x1d'), string_to_array($7::text, E'\\x1d'), $8::bigint[],
          string_to_array($9::text, E'\\x1d')
        ) with ordinality as draft (memory_id, body, metadata, ttl, embedding, place)
      ), added as (
        insert into ${memory} (
          memory_id, user_key, session_key, user_id, session_id, body, metadata, created_at, expires_at, embedding
        )
        select memory_id, $1, $2, $3, $4, body, metadata, now_ms, now_ms + ttl, embedding::real[]
        from draft order by place
        returning id, memory_id, created_at, expires_at
      ), indexed as (
        insert into ${schema}.memory_words (memory, user_key, words)
        select added.id, $1, words::tsvector
        from unnest($10::text[], string_to_array($11::text, E'\\x1d')) as part (memory_id, words)
        join added using (memory_id)
      )
      select created_at::float8, expires_at::float8 from added order by id`),
    user: scopeStatements(schema, nearness, "memory.user_key = $1 and $2::bytea is null"),
    session: scopeStatements(schema, nearness, "memory.user_key = $1 and memory.session_key = $2::bytea"),
    forget: statement(`
      delete from ${memory} where id = any(array(
        select id from ${memory} where expires_at <= ${schema}.now_ms() order by expires_at limit $1::int
      ))`),
  };
}

function scopeStatements(schema: string, nearness: Nearness, isInScope: string): ScopeStatements {
  const memory = `${schema}.memory`;
  const record = `
    memory_id, user_id, session_id, body, metadata, created_at::float8, expires_at::float8, memory.id::float8 as position`;
  const isAlive = `(memory.expires_at is null or memory.expires_at > ${schema}.now_ms())`;
  // Postgres says how much a text is about a word, and how rare the word is among the user's memories says what that counts.
  const byWords = `
    total as (
      select count(*)::float8 as memories from ${memory} where user_key = $1
    ), hits as (
      select memory, word, max(ts_rank(words, query, ${longTextsCountLess})) as rank,
        count(*) over (partition by word) as holders
      from unnest($3::text[]) as word, lateral (select quote_literal(word)::tsquery as query) as asked,
        ${schema}.memory_words
      where array[user_key] @> array[$1::bytea] and words @@ query
      group by memory, word
    ), by_words as (
      select memory.id, sum(ln(1 + (memories - holders + 0.5) / (holders + 0.5)) * rank) as score
      from total, hits join ${memory} as memory on memory.id = hits.memory
      where ${isInScope} and ${isAlive}
      group by memory.id
    )`;
  const found = (scores: string): string => `
    select ${record}, best.score::float8
    from (select id, score from ${scores} order by score desc, id desc limit $4::int) as best
    join ${memory} as memory using (id)
    order by best.score desc, memory.id desc`;

  return {
    search: statement(`with ${byWords} ${found("by_words")}`),
    // Their scores cannot be compared; their ranks can.
    searchBoth: statement(`
      with ${byWords}, near as (
        select id, ${nearness("memory.embedding", "$5::real[]")} as score
        from ${memory} as memory
        where ${isInScope} and ${isAlive} and cardinality(memory.embedding) = cardinality($5::real[])
      ), ranked as (
        select id, row_number() over (order by score desc, id desc) as rank from by_words
        union all
        select id, row_number() over (order by score desc, id desc) from near where score > 0 and score >= $6::float8
      ), fused as (
        select id, sum(1.0 / (${flatness} + rank)) as score from ranked where rank <= ${fusedRanks} group by id
      ) ${found("fused")}`),
    list: statement(`
      select ${record} from ${memory} as memory
      where ${isInScope} and ${isAlive} and memory.id < $3::bigint
      order by memory.id desc limit $4::int`),
    delete: statement(`
      delete from ${memory} as memory where ${isInScope} and ($3::text[] is null or memory_id = any($3))`),
  };
}
