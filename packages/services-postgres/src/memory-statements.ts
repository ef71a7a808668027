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

/** How fast more of the same word counts less, and how much a long text counts less: the usual values of BM25. */
const saturation = 1.2;
const lengthWeight = 0.75;
/** The usual constant of reciprocal rank fusion. */
const flatness = 60;

/** So many of each ranking are fused. */
const fusedRanks = 1000;

export function memoryStatements(schema: string, nearness: Nearness): MemoryStatements {
  const memory = `${schema}.memory`;
  return {
    // A word's place says among which draft's words it is.
    add: statement(`
      with term as (
        select * from unnest($11::int[], string_to_array($12::text, E'\\x1d'), $13::int[]) as term (place, word, count)
      ), draft as (
        select place, memory_id, coalesce(body, '') as body, metadata, ttl, length, embedding, now_ms
        from ${schema}.now_ms() as now_ms, unnest(
          $5::text[], string_to_array($6::text, E'\\x1d'), string_to_array($7::text, E'\\x1d'), $8::bigint[], $9::int[],
          string_to_array($10::text, E'\\x1d')
        ) with ordinality as draft (memory_id, body, metadata, ttl, length, embedding, place)
      ), added as (
        insert into ${memory} (
          memory_id, user_key, session_key, user_id, session_id, body, metadata, created_at, expires_at, length, words,
          embedding
        )
        select
          memory_id, $1, $2, $3, $4, body, metadata, now_ms, now_ms + ttl, length, coalesce(words, '{}'),
          embedding::real[]
        from draft left join (select place, array_agg(word) as words from term group by place) as terms using (place)
        order by place
        returning id, memory_id, created_at, expires_at
      ), indexed as (
        insert into ${schema}.memory_word (user_key, word, memory, count)
        select $1, word, added.id, count from term join draft using (place) join added using (memory_id)
      )
      select created_at::float8, expires_at::float8 from added order by id`),
    user: scopeStatements(schema, nearness, "memory.user_key = $1 and $2::bytea is null"),
    session: scopeStatements(schema, nearness, "memory.user_key = $1 and memory.session_key = $2::bytea"),
    forget: statement(`
      select ${schema}.delete_memories(array(
        select id from ${memory} where expires_at <= ${schema}.now_ms() order by expires_at limit $1::int
      ))::text`),
  };
}

function scopeStatements(schema: string, nearness: Nearness, isInScope: string): ScopeStatements {
  const memory = `${schema}.memory`;
  const record = `
    memory_id, user_id, session_id, body, metadata, created_at::float8, expires_at::float8, memory.id::float8 as position`;
  const isAlive = `(memory.expires_at is null or memory.expires_at > ${schema}.now_ms())`;
  // BM25. How rare a word is, and how long a memory is as a rule, counts for all of the user's memories.
  const byWords = `
    totals as (
      select count(*)::float8 as memories, greatest(avg(length), 1)::float8 as length from ${memory} where user_key = $1
    ), hits as (
      select memory, count, count(*) over (partition by word) as holders
      from ${schema}.memory_word where user_key = $1 and word = any($3::text[])
    ), by_words as (
      select memory.id, sum(
        ln(1 + (totals.memories - hits.holders + 0.5) / (hits.holders + 0.5)) * hits.count * ${saturation + 1}
        / (hits.count + ${saturation} * (${1 - lengthWeight} + ${lengthWeight} * memory.length / totals.length))
      ) as score
      from totals, hits join ${memory} as memory on memory.id = hits.memory
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
      select ${schema}.delete_memories(array(
        select id from ${memory} as memory where ${isInScope} and ($3::text[] is null or memory_id = any($3))
      ))::text`),
  };
}
