import { script } from "./script.ts";

// A task is a hash, and what it says is true: BullMQ only says when to look at it again. Each time a task becomes pending
// for a new reason, its generation grows; a job of BullMQ is for one generation, and does nothing once that has passed.
// `outbox` has the tasks that are pending and may not have a job yet, since making both is not one step.

const fields = "'payload', 'status', 'attempts', 'result', 'error', 'created', 'ended', 'generation'";

const clock = `
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
`;

/** KEYS: task, outbox. Says "there" when there is one already. */
export const createTask = script(`${clock}
local task, outbox = KEYS[1], KEYS[2]
local id, again, name, payload, delay, max, pause = unpack(ARGV)
if redis.call('EXISTS', task) == 1 then
  return (again == '1' and redis.call('HGET', task, 'id') == id) and 'done' or 'there'
end
redis.call('HSET', task, 'id', id, 'payload', payload, 'status', 'pending', 'attempts', 0, 'max', max, 'pause', pause,
  'created', now, 'generation', 0, 'due', string.format('%.0f', now + delay))
redis.call('ZADD', outbox, now, name)
return 'done'
`);

/** KEYS: task. Says nothing when there is nothing to do; a payload makes a task that is not there. */
export const beginTask = script(`${clock}
local task, id, again, generation, payload, keep = KEYS[1], unpack(ARGV)
local known = redis.call('HMGET', task, 'status', 'attempts', 'max', 'generation', 'begun', 'pause')
if not known[1] then
  if payload == '' then return false end
  known = { 'pending', '0', '3', '0', false, '1000' }
  redis.call('HSET', task, 'payload', payload, 'max', known[3], 'pause', known[6], 'created', now, 'generation', 0)
end
local status, attempts, max, pause = known[1], tonumber(known[2]), tonumber(known[3]), known[6]
if known[4] ~= generation or (status ~= 'pending' and status ~= 'running') then return false end
if again == '' or known[5] ~= id then
  if attempts >= max then
    redis.call('HSET', task, 'status', 'error', 'ended', now, 'error',
      cjson.encode('The last attempt did not end: its worker has crashed or was stopped.'))
    redis.call('PEXPIRE', task, keep)
    return false
  end
  attempts = attempts + 1
  redis.call('HSET', task, 'status', 'running', 'attempts', attempts, 'begun', id)
end
return { redis.call('HGET', task, 'payload'), attempts, pause }
`);

/** KEYS: task. Returns what the task is now, or nothing when the attempt does not count any more. */
export const settleTask = script(`${clock}
local task, id, again, attempt, kind, text, keep = KEYS[1], unpack(ARGV)
local known = redis.call('HMGET', task, 'status', 'attempts', 'max', 'settled')
if again == '1' and known[4] == id then return known[1] end
if known[1] ~= 'running' or known[2] ~= attempt then return false end
local status = 'finished'
if kind == 'error' then status = tonumber(known[2]) < tonumber(known[3]) and 'pending' or 'error' end
redis.call('HSET', task, 'status', status, 'settled', id, kind, text)
if status == 'finished' then redis.call('HDEL', task, 'error') end
if status ~= 'pending' then
  redis.call('HSET', task, 'ended', now)
  redis.call('PEXPIRE', task, keep)
end
return status
`);

/** KEYS: task, outbox. */
export const cancelTask = script(`${clock}
local task, outbox = KEYS[1], KEYS[2]
local _, _, name, channel, keep = unpack(ARGV)
local known = redis.call('HMGET', task, 'status', 'attempts')
if known[1] == 'pending' or known[1] == 'running' then
  redis.call('HSET', task, 'status', 'canceled', 'ended', now)
  redis.call('ZREM', outbox, name)
  if known[1] == 'running' then redis.call('PUBLISH', channel, known[2] .. ':' .. name) end
end
local row = redis.call('HMGET', task, ${fields})
if row[2] == 'canceled' then redis.call('PEXPIRE', task, keep) end
return row
`);

/** KEYS: task, outbox. Returns its status alone when it is not one to be retried. */
export const retryTask = script(`${clock}
local task, outbox, id, again, name = KEYS[1], KEYS[2], unpack(ARGV)
local known = redis.call('HMGET', task, 'status', 'attempts', 'generation', 'retried')
if not known[1] then return false end
if again == '' or known[4] ~= id then
  if known[1] ~= 'error' and known[1] ~= 'canceled' then return known[1] end
  redis.call('HSET', task, 'status', 'pending', 'max', known[2] + 1, 'generation', known[3] + 1, 'retried', id, 'due', now)
  redis.call('HDEL', task, 'ended')
  redis.call('PERSIST', task)
  redis.call('ZADD', outbox, now, name)
end
return redis.call('HMGET', task, ${fields})
`);

/** KEYS: task. */
export const findTask = script(`return redis.call('HMGET', KEYS[1], ${fields})`);

/** What waits to be delivered for so long. KEYS: outbox. */
export const findUndelivered = script(`${clock}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[1]), 'LIMIT', 0, 100)
`);

/** KEYS: task. Returns the generation, and how long it must wait yet; nothing when it is not pending. */
export const findDelivery = script(`${clock}
local known = redis.call('HMGET', KEYS[1], 'status', 'generation', 'due')
if known[1] ~= 'pending' then return false end
return { known[2], string.format('%.0f', math.max(0, (tonumber(known[3]) or 0) - now)) }
`);
