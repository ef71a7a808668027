/**
 * The words of memories as Postgres' own full text: a `tsvector` for every so many words of a text, since one holds no more
 * than a megabyte. Words are split by `words` of the services before, so no configuration and no locale is asked.
 *
 * Each user's words are found by one index, over the owner's key as an array, which every GIN takes, and the words. What was
 * kept word by word is carried over: where a word stood is not known, but how often is.
 */
export function wordTables(schema: string): string {
  return `
    create table ${schema}.memory_words (
      memory bigint not null references ${schema}.memory on delete cascade,
      user_key bytea not null,
      words tsvector not null
    );
    insert into ${schema}.memory_words (memory, user_key, words)
      select memory, user_key, string_agg(format('''%s'':%s', word, places), ' ')::tsvector
      from (
        select memory, user_key, word, row_number() over (partition by memory) / 2000 as part, (
          select string_agg(place::text, ',') from generate_series(1, least(count, 20)) as place
        ) as places
        from ${schema}.memory_word
      ) as word
      group by memory, user_key, part;
    create index memory_words_by_memory on ${schema}.memory_words (memory);
    create index memory_words_by_word on ${schema}.memory_words using gin ((array[user_key]), words);
    drop function ${schema}.delete_memories(bigint[]);
    drop table ${schema}.memory_word;
    alter table ${schema}.memory drop column words, drop column length; -- And with it the index on it.
    create index memory_by_user on ${schema}.memory (user_key, id);`;
}
