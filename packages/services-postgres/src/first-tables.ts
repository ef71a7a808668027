/**
 * The first tables. Rows are found by `key` columns, the hashes of ids (see `toKey`), and put in order by numbers from
 * sequences, never by time alone. Times are milliseconds since 1970 by the clock of the database. JSON is kept as the text
 * that it was.
 */
export function firstTables(schema: string): string {
  return `
    create function ${schema}.now_ms() returns bigint language sql volatile
      as $function$ select (extract(epoch from clock_timestamp()) * 1000)::bigint $function$;
    ${sessions(schema)}
    ${states(schema)}
    ${leases(schema)}
    ${topics(schema)}
    ${runs(schema)}
    ${memories(schema)}`;
}

function sessions(schema: string): string {
  return `
    create sequence ${schema}.session_place;
    create table ${schema}.session (
      key bytea primary key,
      id bigint not null, -- The first place that it had.
      user_key bytea not null,
      user_id text not null,
      session_id text not null,
      created_at bigint not null,
      updated_at bigint not null,
      place bigint not null, -- Among the user's sessions: the last updated has the greatest.
      message_count int not null,
      title text,
      metadata text not null
    ) with (fillfactor = 80);
    create index session_by_user on ${schema}.session (user_key, place);
    create table ${schema}.message (
      session bigint not null,
      number int not null,
      body text not null,
      primary key (session, number)
    );
    -- In two statements: the second one sees what was appended while the first one waited for the session.
    create function ${schema}.delete_session(wanted bytea) returns void language plpgsql as $function$
      declare gone bigint;
      begin
        delete from ${schema}.session where key = wanted returning id into gone;
        delete from ${schema}.message where session = gone;
      end $function$;`;
}

function states(schema: string): string {
  return `
    create table ${schema}.state (
      key bytea primary key,
      id bigint generated always as identity,
      user_id text not null,
      session_id text not null,
      name text not null,
      version int not null
    );
    create table ${schema}.state_version (
      state bigint not null,
      version int not null,
      saved_at bigint not null,
      body text not null,
      primary key (state, version)
    );
    -- The new version; without one, the version that stood in its way.
    create function ${schema}.save_state(
      wanted bytea, its_user text, its_session text, its_name text, its_body text, expected double precision,
      out saved int, out saved_ms bigint, out actual int
    ) language plpgsql as $function$
      declare found_id bigint;
      begin
        if expected is null then
          insert into ${schema}.state as head (key, user_id, session_id, name, version)
          values (wanted, its_user, its_session, its_name, 1)
          on conflict (key) do update set version = head.version + 1
          returning head.id, head.version into found_id, saved;
        elsif expected = 0 then
          insert into ${schema}.state as head (key, user_id, session_id, name, version)
          values (wanted, its_user, its_session, its_name, 1)
          on conflict (key) do nothing
          returning head.id, head.version into found_id, saved;
        else
          update ${schema}.state as head set version = head.version + 1
          where head.key = wanted and head.version = expected
          returning head.id, head.version into found_id, saved;
        end if;
        if found_id is null then
          select head.version into actual from ${schema}.state as head where head.key = wanted;
          actual := coalesce(actual, 0);
        else
          insert into ${schema}.state_version (state, version, saved_at, body)
          values (found_id, saved, ${schema}.now_ms(), its_body)
          returning saved_at into saved_ms;
        end if;
      end $function$;
    create function ${schema}.delete_state(wanted bytea) returns void language plpgsql as $function$
      declare gone bigint;
      begin
        delete from ${schema}.state where key = wanted returning id into gone;
        delete from ${schema}.state_version where state = gone;
      end $function$;`;
}

function leases(schema: string): string {
  return `
    create sequence ${schema}.lease_token;
    create table ${schema}.lease (
      key bytea primary key,
      name text not null,
      token bigint not null,
      expires_at bigint not null
    ) with (fillfactor = 50);
    create index lease_by_end on ${schema}.lease (expires_at);`;
}

function topics(schema: string): string {
  return `
    create table ${schema}.topic_message ( -- Those that are too long to be told.
      id bigint generated always as identity primary key,
      body text not null,
      told_at bigint not null
    );
    create index topic_message_by_time on ${schema}.topic_message (told_at);`;
}

function runs(schema: string): string {
  return `
    create table ${schema}.run (
      key bytea primary key,
      id bigint generated always as identity, -- In the order of creation.
      owner_key bytea not null,
      session_key bytea not null, -- Of an owner's runs: those of one session.
      line_key bytea not null,
      holder_key bytea, -- Null: handed over.
      owner_id text not null,
      run_id text not null,
      agent text not null,
      session_id text not null,
      user_id text not null,
      request_hash text not null,
      request text,
      holder text,
      status text not null,
      created_at bigint not null,
      ended_at bigint,
      event_count int not null,
      followed_by text not null -- The one replica that may follow it, or '*' for several.
    ) with (fillfactor = 50);
    create index run_by_owner on ${schema}.run (owner_key, id);
    create index run_by_session on ${schema}.run (session_key, id);
    create index run_by_status on ${schema}.run (owner_key, status, id);
    create index run_by_line on ${schema}.run (line_key, id) where ended_at is null;
    create index run_by_holder on ${schema}.run (holder_key, id) where ended_at is null;
    create index run_by_end on ${schema}.run (ended_at) where ended_at is not null;
    create table ${schema}.run_events ( -- As many as were written at once.
      run bigint not null,
      first int not null,
      size int not null, -- In bytes.
      body text not null,
      primary key (run, first)
    );
    -- Places in a line are given one after another, so that nobody gets one before a place that is taken.
    create function ${schema}.create_run(
      its_lock bigint, its_key bytea, its_owner_key bytea, its_session_key bytea, its_line_key bytea, its_holder_key bytea,
      its_owner text, its_run text, its_agent text, its_session text, its_user text, its_hash text, its_request text,
      its_holder text, its_deferred boolean, its_replica text
    ) returns setof ${schema}.run language plpgsql as $function$
      begin
        perform pg_advisory_xact_lock(its_lock);
        return query
          insert into ${schema}.run (
            key, owner_key, session_key, line_key, holder_key, owner_id, run_id, agent, session_id, user_id, request_hash,
            request, holder, status, created_at, event_count, followed_by
          ) values (
            its_key, its_owner_key, its_session_key, its_line_key, its_holder_key, its_owner, its_run, its_agent,
            its_session, its_user, its_hash, its_request, its_holder,
            case
              when its_deferred then 'queued'
              when exists (select from ${schema}.run where line_key = its_line_key and ended_at is null) then 'queued'
              else 'in_progress'
            end,
            ${schema}.now_ms(), 0, its_replica
          )
          on conflict (key) do nothing
          returning *;
      end $function$;
    create function ${schema}.delete_run(wanted bytea) returns bigint language plpgsql as $function$
      declare gone bigint;
      begin
        delete from ${schema}.run where key = wanted returning id into gone;
        delete from ${schema}.run_events where run = gone;
        return gone;
      end $function$;
    -- Nobody waits for a run that another transaction is about to delete.
    create function ${schema}.prune_runs(ended_before bigint, most int) returns int language plpgsql as $function$
      declare gone bigint[];
      begin
        with old as (
          select key from ${schema}.run where ended_at <= ended_before order by ended_at limit most for update skip locked
        ), deleted as (
          delete from ${schema}.run using old where run.key = old.key returning run.id
        )
        select array_agg(id) into gone from deleted;
        delete from ${schema}.run_events where run = any(gone);
        return coalesce(cardinality(gone), 0);
      end $function$;`;
}

function memories(schema: string): string {
  return `
    create table ${schema}.memory (
      id bigint generated always as identity primary key,
      memory_id text not null unique,
      user_key bytea not null,
      session_key bytea, -- Null: it belongs to the user alone.
      user_id text not null,
      session_id text,
      body text not null,
      metadata text not null,
      created_at bigint not null,
      expires_at bigint,
      length int not null, -- In words.
      words text[] not null, -- Each once: where it stands in memory_word.
      embedding real[] -- Of length 1.
    );
    create index memory_by_user on ${schema}.memory (user_key, id) include (length);
    create index memory_by_session on ${schema}.memory (session_key, id) where session_key is not null;
    create index memory_by_end on ${schema}.memory (expires_at) where expires_at is not null;
    create table ${schema}.memory_word (
      user_key bytea not null,
      word text collate "C" not null,
      memory bigint not null,
      count int not null,
      primary key (user_key, word, memory)
    );
    create function ${schema}.delete_memories(wanted bigint[]) returns void language plpgsql as $function$
      begin
        with gone as (delete from ${schema}.memory where id = any(wanted) returning user_key, id, words)
        delete from ${schema}.memory_word using (
          select gone.user_key, gone.id, unnest(gone.words) as word from gone
        ) as unwanted
        where memory_word.user_key = unwanted.user_key and memory_word.word = unwanted.word
          and memory_word.memory = unwanted.id;
      end $function$;`;
}
