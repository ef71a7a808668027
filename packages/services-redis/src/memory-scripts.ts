import { script } from "./script.ts";

// A memory is a hash. It stands in two scopes: all of its user's, and its session's if it has one. A scope has the ids by
// age, and an index of words: one sorted set without scores, which Redis keeps in the order of its members. A member is a
// word, the place and id of a memory that has it, how often, and how many words the memory has. `sizes` has for each scope
// how many words there are in all; `expiring` has what expires of all users of a shard.

const clock = `
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2], time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

/**
 * KEYS: sizes, expiring, vectors, the ids and the index of one scope or two, and after these as many memories as there are.
 * Returns the time, and some memories of the shard that have expired.
 */
export const addMemories = script(`${clock}
local sizes, expiring, vectors = KEYS[1], KEYS[2], KEYS[3]
local _, again, user, session, scopes = unpack(ARGV, 1, 5)
local items = 3 + 2 * tonumber(scopes)
local micros, now = clock()
local over = redis.call('ZRANGEBYSCORE', expiring, '-inf', string.format('%.0f', now), 'LIMIT', 0, 10)
if again == '1' and redis.call('EXISTS', KEYS[items + 1]) == 1 then
  return { redis.call('HGET', KEYS[items + 1], 'created'), over }
end
local created = string.format('%.0f', now)
local last = redis.call('ZREVRANGE', KEYS[4], 0, 0, 'WITHSCORES')[2]
local place = math.max(micros, (tonumber(last) or 0) + 1)
local at = 6
for item = items + 1, #KEYS do
  local name, facts, ttl, vector, length, distinct = unpack(ARGV, at, at + 5)
  at = at + 6
  local placed = string.format('%.0f', place)
  local list = {}
  for index = 1, tonumber(distinct) do
    local word, count = ARGV[at], ARGV[at + 1]
    at = at + 2
    list[index] = word .. ':' .. count
    local member = table.concat({ word, placed, name, count, length }, ':')
    for scope = 5, items, 2 do redis.call('ZADD', KEYS[scope], 0, member) end
  end
  redis.call('HSET', KEYS[item], 'facts', facts, 'created', created, 'place', placed, 'session', session,
    'words', table.concat(list, ' '), 'length', length)
  for scope = 4, items, 2 do redis.call('ZADD', KEYS[scope], placed, name) end
  redis.call('HINCRBY', sizes, 'all', length)
  if items > 5 then redis.call('HINCRBY', sizes, session, length) end
  if vector ~= '' then redis.call('HSET', vectors, name, vector) end
  if ttl ~= '' then
    local expires = string.format('%.0f', now + tonumber(ttl))
    redis.call('HSET', KEYS[item], 'expires', expires)
    redis.call('ZADD', expiring, expires, user .. ':' .. name)
  end
  place = place + 1
end
return { created, over }
`);

/** KEYS: memory, sizes, expiring, vectors, and the ids and the index of one scope or two. */
export const forgetMemory = script(`
local memory, sizes, expiring, vectors = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local user, name = ARGV[3], ARGV[4]
local known = redis.call('HMGET', memory, 'place', 'session', 'words', 'length')
local place, session, words, length = unpack(known)
if not place then return end
for word, count in string.gmatch(words, '([^ :]+):(%d+)') do
  local member = table.concat({ word, place, name, count, length }, ':')
  for scope = 6, #KEYS, 2 do redis.call('ZREM', KEYS[scope], member) end
end
for scope = 5, #KEYS, 2 do redis.call('ZREM', KEYS[scope], name) end
local function shrink(field)
  if redis.call('HINCRBY', sizes, field, string.format('%d', -tonumber(length))) <= 0 then redis.call('HDEL', sizes, field) end
end
shrink('all')
if #KEYS > 6 then shrink(session) end
redis.call('HDEL', vectors, name)
redis.call('ZREM', expiring, user .. ':' .. name)
redis.call('UNLINK', memory)
`);

/** KEYS: memories. Returns the time too, by which some may have expired. */
export const findMemories = script(`${clock}
local _, now = clock()
local found = {}
for index, memory in ipairs(KEYS) do
  found[index] = redis.call('HMGET', memory, 'facts', 'created', 'expires')
end
return { string.format('%.0f', now), found }
`);

/** Some memories of a shard that have expired. KEYS: expiring. */
export const expiredMemories = script(`${clock}
local _, now = clock()
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
`);
