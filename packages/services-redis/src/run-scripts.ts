import { script } from "./script.ts";

// A run is a hash. Its `hold` says who may write it: "h:", the holder and ":", or "u:" when it was handed over. Its place
// among all runs is sixteen digits of microseconds and two of its shard, so that places sort as text and no two are equal.
//
// An owner's index is one sorted set without scores, which Redis keeps in the order of its members. Each run stands in it
// under what it is found by: "a:" all, "s:" its session, "t:" its status, "b:" both, "l:" its line while it is unfinished;
// then its place and its id. `held` has the unfinished runs of a shard in the same way, by who holds them. Both need one
// key each, however many sessions and holders there are.
//
// What a script returns begins with a word: "done", or why nothing was.

const fields = "'facts', 'hold', 'status', 'created', 'ended', 'count', 'place'";

const clock = `
local function clock()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2], time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

const writing = `
local function written(events, first, id)
  local at = string.format('%d-0', first + 1)
  local entry = redis.call('XRANGE', events, at, at)[1]
  return entry and entry[2][4] == id
end
local function refusal(known, hold, first)
  if not known[1] then return { 'missing' } end
  if known[1] ~= 'queued' and known[1] ~= 'in_progress' then return { 'finished', known[1], known[3] } end
  if known[2] ~= hold then return { 'held' } end
  if known[3] ~= first then return { 'order', known[3] } end
end
local function add(run, events, id, count, from)
  for index = from, #ARGV do
    count = count + 1
    redis.call('XADD', events, string.format('%d-0', count), 'event', ARGV[index], 'id', id)
  end
  redis.call('HSET', run, 'count', count)
  return count
end
`;

/** KEYS: run, index, held, last place. */
export const createRun = script(`${clock}
local run, index, held, last = unpack(KEYS)
local id, again, shard, owner, name, session, line, hold, deferred, facts, request, note = unpack(ARGV)
if redis.call('EXISTS', run) == 1 then
  if again == '' or redis.call('HGET', run, 'id') ~= id then return { 'taken' } end
  return { 'done', redis.call('HMGET', run, ${fields}) }
end
local micros, now = clock()
local place = string.format('%016.0f', math.max(micros, (tonumber(redis.call('GET', last)) or 0) + 1))
redis.call('SET', last, place)
place = place .. shard
local before = redis.call('ZRANGEBYLEX', index, '[l:' .. line .. ':', '(l:' .. line .. ';', 'LIMIT', 0, 1)[1]
local status = (before or deferred == '1') and 'queued' or 'in_progress'
redis.call('HSET', run, 'id', id, 'facts', facts, 'request', request, 'hold', hold, 'status', status,
  'created', string.format('%.0f', now), 'count', 0, 'place', place, 'session', session, 'line', line)
if note ~= '' then redis.call('HSET', run, 'note', string.sub(note, 2)) end
local tail = place .. ':' .. name
redis.call('ZADD', index, 0, 'a:' .. tail, 0, 's:' .. session .. ':' .. tail, 0, 't:' .. status .. ':' .. tail,
  0, 'b:' .. session .. ':' .. status .. ':' .. tail, 0, 'l:' .. line .. ':' .. tail)
redis.call('ZADD', held, 0, hold .. place .. ':' .. owner .. ':' .. name)
return { 'done', redis.call('HMGET', run, ${fields}) }
`);

/** KEYS: run, index. */
export const beginRun = script(`
local run, index, hold, name = KEYS[1], KEYS[2], ARGV[3], ARGV[4]
local known = redis.call('HMGET', run, 'status', 'hold', 'count', 'place', 'session', 'line', 'request')
local status, place, session, line, request = known[1], known[4], known[5], known[6], known[7]
if not status then return { 'missing' } end
if status ~= 'queued' and status ~= 'in_progress' then return { 'finished', status, known[3] } end
if known[2] ~= hold then return { 'held' } end
if status == 'in_progress' then return { 'done', request } end
local tail = place .. ':' .. name
local first = redis.call('ZRANGEBYLEX', index, '[l:' .. line .. ':', '(l:' .. line .. ';', 'LIMIT', 0, 1)[1]
if first ~= 'l:' .. line .. ':' .. tail then return { 'waiting' } end
redis.call('HSET', run, 'status', 'in_progress')
redis.call('ZREM', index, 't:queued:' .. tail, 'b:' .. session .. ':queued:' .. tail)
redis.call('ZADD', index, 0, 't:in_progress:' .. tail, 0, 'b:' .. session .. ':in_progress:' .. tail)
return { 'done', request }
`);

/** KEYS: run. */
export const amendRun = script(`
local run, id, again, from, to = KEYS[1], unpack(ARGV)
local known = redis.call('HMGET', run, 'status', 'request', 'count', 'amended')
if not known[1] then return { 'missing' } end
if again == '1' and known[4] == id then return { 'done' } end
if known[1] == 'in_progress' then return { 'begun' } end
if known[1] ~= 'queued' then return { 'finished', known[1], known[3] } end
if known[2] ~= from then return { 'changed' } end
redis.call('HSET', run, 'request', to, 'amended', id)
return { 'done' }
`);

/** KEYS: run, held. */
export const claimRun = script(`
local run, held = KEYS[1], KEYS[2]
local id, again, from, to, owner, name = unpack(ARGV)
local known = redis.call('HMGET', run, 'status', 'hold', 'count', 'place', 'claimed')
if not known[1] then return { 'missing' } end
if again == '' or known[5] ~= id then
  if known[1] ~= 'queued' and known[1] ~= 'in_progress' then return { 'finished', known[1], known[3] } end
  if known[2] ~= from then return { 'held' } end
  local tail = known[4] .. ':' .. owner .. ':' .. name
  redis.call('ZREM', held, from .. tail)
  redis.call('ZADD', held, 0, to .. tail)
  redis.call('HSET', run, 'hold', to, 'claimed', id)
end
return { 'done', redis.call('HMGET', run, ${fields}) }
`);

/** KEYS: run, events. */
export const appendEvents = script(`${writing}
local run, events = KEYS[1], KEYS[2]
local id, again, hold, first, channel = unpack(ARGV, 1, 5)
local known = redis.call('HMGET', run, 'status', 'hold', 'count', 'place')
if again == '1' and known[1] and #ARGV > 5 and written(events, first, id) then return { 'done', known[4] } end
local refused = refusal(known, hold, first)
if refused then return refused end
if known[1] == 'queued' then return { 'queued' } end
if #ARGV > 5 then redis.call('PUBLISH', channel, add(run, events, id, first, 6)) end
return { 'done', known[4] }
`);

/** KEYS: run, events, index, held, finished. Returns also some finished runs whose time is over. */
export const finishRun = script(`${clock}${writing}
local run, events, index, held, finished = unpack(KEYS)
local id, again, hold, first, channel, status, keep, owner, name = unpack(ARGV, 1, 9)
local known = redis.call('HMGET', run, 'status', 'hold', 'count', 'place', 'session', 'line', 'created', 'finished')
local _, now = clock()
local expires
if again == '' or known[8] ~= id then
  local refused = refusal(known, hold, first)
  if refused then return refused end
  local place, session, line = known[4], known[5], known[6]
  local count = add(run, events, id, first, 10)
  redis.call('HSET', run, 'status', status, 'finished', id,
    'ended', string.format('%.0f', math.max(now, tonumber(known[7]))))
  redis.call('HDEL', run, 'request')
  local tail = place .. ':' .. name
  redis.call('ZADD', index, 0, 't:' .. status .. ':' .. tail, 0, 'b:' .. session .. ':' .. status .. ':' .. tail)
  redis.call('ZREM', index, 't:' .. known[1] .. ':' .. tail, 'b:' .. session .. ':' .. known[1] .. ':' .. tail,
    'l:' .. line .. ':' .. tail)
  redis.call('ZREM', held, hold .. place .. ':' .. owner .. ':' .. name)
  expires = string.format('%.0f', now + tonumber(keep))
  redis.call('ZADD', finished, expires, table.concat({ owner, name, place, session, status }, ':'))
  redis.call('PUBLISH', channel, count .. ' end')
end
local row = redis.call('HMGET', run, ${fields})
if expires then
  redis.call('PEXPIREAT', run, expires)
  redis.call('PEXPIREAT', events, expires)
end
local over = redis.call('ZRANGEBYSCORE', finished, '-inf', string.format('%.0f', now), 'LIMIT', 0, 10)
return { 'done', row, over }
`);

/** KEYS: run, events, index, held, finished. */
export const deleteRun = script(`
local run, events, index, held, finished = unpack(KEYS)
local _, _, channel, owner, name = unpack(ARGV)
local known = redis.call('HMGET', run, 'status', 'hold', 'place', 'session', 'line')
if not known[1] then return end
local status, hold, place, session, line = unpack(known)
local tail = place .. ':' .. name
redis.call('UNLINK', run, events)
redis.call('ZREM', index, 'a:' .. tail, 's:' .. session .. ':' .. tail, 't:' .. status .. ':' .. tail,
  'b:' .. session .. ':' .. status .. ':' .. tail, 'l:' .. line .. ':' .. tail)
redis.call('ZREM', held, hold .. place .. ':' .. owner .. ':' .. name)
redis.call('ZREM', finished, table.concat({ owner, name, place, session, status }, ':'))
redis.call('PUBLISH', channel, 'gone')
`);

/** Takes a run out of the lists whose record has expired. KEYS: index, finished. */
export const sweepRun = script(`
local index, finished = KEYS[1], KEYS[2]
local name, place, session, status, member = unpack(ARGV, 3)
local tail = place .. ':' .. name
redis.call('ZREM', index, 'a:' .. tail, 's:' .. session .. ':' .. tail, 't:' .. status .. ':' .. tail,
  'b:' .. session .. ':' .. status .. ':' .. tail)
redis.call('ZREM', finished, member)
`);

/** The finished runs of a shard whose time is over: so many. KEYS: finished. */
export const expiredRuns = script(`${clock}
local _, now = clock()
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
`);

/** KEYS: runs. */
export const findRuns = script(`
local found = {}
for index, run in ipairs(KEYS) do found[index] = redis.call('HMGET', run, ${fields}) end
return found
`);

/** Who holds anything, without looking at all of it. KEYS: held. */
export const findHolders = script(`
local found, from = {}, '[h:'
while true do
  local member = redis.call('ZRANGEBYLEX', KEYS[1], from, '(h;', 'LIMIT', 0, 1)[1]
  if not member then return found end
  local holder = string.match(member, '^h:([^:]*)')
  found[#found + 1] = holder
  from = '(h:' .. holder .. ';'
end
`);
