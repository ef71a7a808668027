/**
 * What a protocol notes on a run, for as long as there is one. The first release's function stays for its replicas, which
 * note nothing.
 */
export function runNotes(schema: string): string {
  return `
    alter table ${schema}.run add column note text;
    create function ${schema}.create_run(
      its_lock bigint, its_key bytea, its_owner_key bytea, its_session_key bytea, its_line_key bytea, its_holder_key bytea,
      its_owner text, its_run text, its_agent text, its_session text, its_user text, its_hash text, its_request text,
      its_holder text, its_deferred boolean, its_replica text, its_note text
    ) returns setof ${schema}.run language plpgsql as $function$
      begin
        perform pg_advisory_xact_lock(its_lock);
        return query
          insert into ${schema}.run (
            key, owner_key, session_key, line_key, holder_key, owner_id, run_id, agent, session_id, user_id, request_hash,
            request, holder, status, created_at, event_count, followed_by, note
          ) values (
            its_key, its_owner_key, its_session_key, its_line_key, its_holder_key, its_owner, its_run, its_agent,
            its_session, its_user, its_hash, its_request, its_holder,
            case
              when its_deferred then 'queued'
              when exists (select from ${schema}.run where line_key = its_line_key and ended_at is null) then 'queued'
              else 'in_progress'
            end,
            ${schema}.now_ms(), 0, its_replica, its_note
          )
          on conflict (key) do nothing
          returning *;
      end $function$;`;
}
