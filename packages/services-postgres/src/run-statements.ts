import type { RunRecord } from "@agentscope-runtime/services";
import type { Positioned } from "./page-request.ts";
import { largestPiece } from "./run-events-text.ts";
import { statement } from "./statement.ts";
import type { Statement } from "./statement.ts";
import { fromText } from "./to-text.ts";

/** A run, without what was asked. */
export interface RunRow extends Positioned {
  readonly owner_id: string;
  readonly run_id: string;
  readonly agent: string;
  readonly session_id: string;
  readonly user_id: string;
  readonly request_hash: string;
  readonly holder: string | null;
  readonly status: RunRecord["status"];
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly event_count: number;
}

export function toRunRecord(row: RunRow): RunRecord {
  return {
    ownerId: fromText(row.owner_id),
    runId: fromText(row.run_id),
    agent: fromText(row.agent),
    sessionId: fromText(row.session_id),
    userId: fromText(row.user_id),
    requestHash: fromText(row.request_hash),
    holder: row.holder === null ? undefined : fromText(row.holder),
    status: row.status,
    createdAt: row.created_at,
    endedAt: row.ended_at ?? undefined,
    eventCount: row.event_count,
  };
}

/** `position` is the number of the run: in the order in which they were created. */
const record = `
  owner_id, run_id, agent, session_id, user_id, request_hash, holder, status, created_at::float8, ended_at::float8,
  event_count, id::float8 as position`;

export type RunStatements = Readonly<Record<RunStatementName, Statement>>;

type RunStatementName =
  | "create"
  | "line"
  | "begin"
  | "amend"
  | "request"
  | "note"
  | "claim"
  | "holders"
  | "held"
  | "handedOver"
  | "append"
  | "appendMany"
  | "finish"
  | "finishMany"
  | "get"
  | "list"
  | "listSession"
  | "listStatus"
  | "listSessionStatus"
  | "look"
  | "follow"
  | "delete"
  | "prune";

/** What is told when a run changes, by whom: the replicas know the run by its key. */
function told(replica: string): string {
  return `'run ' || encode(key, 'hex') || ' ' || ${replica}`;
}

/** `channel` is where the replicas listen. */
export function runStatements(schema: string, channel: string): RunStatements {
  const run = `${schema}.run`;
  const list = (filters: string): Statement =>
    statement(`select ${record} from ${run} where ${filters} and id < $1::bigint order by id desc limit $2::int`);
  const held = (filter: string): Statement =>
    statement(`
      select ${record} from ${run} where ${filter} and ended_at is null and id > $1::bigint order by id limit $2::int`);
  // Unless the one that writes is the only one that follows.
  const tell = `case when followed_by <> $6 then pg_notify('${channel}', ${told("$6")})::text end as told`;
  const addPiece = `
    insert into ${schema}.run_events (run, first, size, body)
    select id, $3::int, octet_length($4), $4::text from written where $5::int > 0`;
  const addPieces = `
    insert into ${schema}.run_events (run, first, size, body)
    select id, $3::int + (place - 1)::int * ${largestPiece}, octet_length(body), body
    from written, unnest(string_to_array($4::text, E'\\x1d')) with ordinality as piece (body, place)`;
  const append = (add: string): Statement =>
    statement(`
      with written as (
        update ${run} set event_count = event_count + $5::int
        where key = $1 and holder = $2 and event_count = $3::int and status = 'in_progress'
        returning id, key, followed_by
      ), added as (${add})
      select id::float8 as id, ${tell} from written`);
  const finish = (add: string): Statement =>
    statement(`
      with written as (
        update ${run} set
          event_count = event_count + $5::int,
          status = $7,
          request = null,
          ended_at = greatest(created_at, ${schema}.now_ms())
        where key = $1 and holder = $2 and event_count = $3::int and ended_at is null
        returning *
      ), added as (${add})
      select ${record}, ${tell} from written`);

  return {
    create: statement(`
      select ${record}
      from ${schema}.create_run($1::bigint, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15::boolean, $16, $17)`),
    line: statement(`select ${record} from ${run} where line_key = $1 and ended_at is null order by id limit 1000`),
    // What stood before the run in its line stands there no more: nobody gets in before it.
    begin: statement(`
      with begun as (
        update ${run} as this set status = 'in_progress'
        where key = $1 and holder = $2 and ended_at is null and not exists (
          select from ${run} as other
          where other.line_key = this.line_key and other.ended_at is null and other.id < this.id
        )
        returning id, request
      )
      select holder, ended_at::float8, begun.id is not null as begun, begun.request
      from ${run} left join begun using (id) where key = $1`),
    amend: statement(`
      update ${run} set request = $3 where key = $1 and request = $2 and status = 'queued' returning id::float8 as id`),
    request: statement(`select request from ${run} where key = $1`),
    note: statement(`select note from ${run} where key = $1`),
    claim: statement(`
      update ${run} set holder = $3, holder_key = $4
      where key = $1 and holder is not distinct from $2 and ended_at is null
      returning ${record}`),
    holders: statement(`select distinct holder from ${run} where ended_at is null and holder_key is not null`),
    held: held("holder_key = $3"),
    handedOver: held("holder_key is null"),
    append: append(addPiece),
    appendMany: append(addPieces),
    finish: finish(addPiece),
    finishMany: finish(addPieces),
    get: statement(`select ${record} from ${run} where key = $1`),
    list: list("owner_key = $3"),
    listSession: list("session_key = $3"),
    listStatus: list("owner_key = $3 and status = $4"),
    listSessionStatus: list("session_key = $3 and status = $4"),
    // The pieces from the one in which the event stands that is wanted next, up to about a megabyte.
    look: statement(`
      select ${run}.id::float8 as id, event_count, ended_at is not null as ended, followed_by, piece.first, piece.body
      from ${run} left join lateral (
        select first, body from (
          select first, body, sum(size::bigint) over (order by first) - size as bytes_before from (
            select first, size, body from ${schema}.run_events
            where run = ${run}.id and ${run}.event_count > $2::int and first >= coalesce(
              (select max(first) from ${schema}.run_events where run = ${run}.id and first <= $2::int), 0
            )
            order by first limit 256
          ) as pieces
        ) as measured
        where bytes_before < 1048576
      ) as piece on true
      where key = $1
      order by piece.first`),
    follow: statement(`
      update ${run} set followed_by = '*' where key = $1 and followed_by <> $2 and followed_by <> '*'`),
    delete: statement(`
      select pg_notify('${channel}', ${told("$2::text")})::text as told
      from (select $1::bytea as key) as wanted, ${schema}.delete_run(key) as gone
      where gone is not null`),
    prune: statement(`select ${schema}.prune_runs(${schema}.now_ms() - $1::bigint, $2::int) as pruned`),
  };
}
