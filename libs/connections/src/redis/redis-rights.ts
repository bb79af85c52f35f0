import type { RedisClient } from './redis-client.js';

/** Rights that the user of `REDIS_URL` lacks. */
export interface MissingRights {
  /** Lower-case names of commands. */
  commands: string[];
  /** Whether keys with the prefix are out of reach. */
  keys: boolean;
}

/** What the scripts of BullMQ and of the rate limits call, with arguments that do no harm to a key of type string. */
const IN_SCRIPTS = [
  'set 1|get|exists|pttl|pexpire 10000|expire 10|persist|incr|incrby 1',
  'hset a 1|hmset a 1|hget a|hmget a|hgetall|hexists a|hincrby a 1|hdel a',
  'lpush a|rpush a|lrange 0 0|lindex 0|llen|lpos a|lrem 1 a|ltrim 0 0|lpop|rpop',
  'sadd a|smembers|scard|srem a',
  'zadd 1 a|zrange 0 0|zrevrange 0 0|zrangebyscore 0 1|zrevrangebyscore 1 0|zscore a|zcard|zcount 0 1',
  'zpopmin|zrem a|zremrangebyrank 0 0|zremrangebyscore 0 1',
  'xadd * a 1|xtrim MAXLEN 1|del',
].flatMap((line) => line.split('|'));

/** Calls each command on the key, and returns the names of those that the user may not call. */
const TRY = `
  local missing = {}
  for _, line in ipairs(ARGV) do
    local words = {}
    for word in string.gmatch(line, '%S+') do table.insert(words, word) end
    local name = table.remove(words, 1)
    local reply = redis.pcall(name, KEYS[1], unpack(words))
    if type(reply) == 'table' and reply.err and (string.find(reply.err, 'NOPERM') or
      string.find(reply.err, 'ACL') or string.find(reply.err, "can't run this command")) then
      table.insert(missing, name)
    end
  end
  return missing`;

/** Tries what the queue and the rate limits do, on keys within the prefix that are removed again. */
export async function missingRights(client: RedisClient, prefix: string): Promise<MissingRights> {
  const key = `${prefix}:probe:rights`;
  const keysAreDenied = await isDenied(client.set(key, '1', 'PX', 1000), DENIED_KEY);
  if (keysAreDenied) return { commands: [], keys: true };
  const calls: [string, () => Promise<unknown>][] = [
    ['eval', () => client.eval('return 1', 0)],
    ['evalsha', () => client.evalsha('0'.repeat(40), 0)],
    ['bzpopmin', () => client.bzpopmin(`${key}:marker`, 0.01)],
    ['rpoplpush', () => client.rpoplpush(`${key}:none`, `${key}:none`)],
    ['multi', () => client.multi().exec()],
  ];
  const commands: string[] = [];
  for (const [name, call] of calls) if (await isDenied(call(), DENIED)) commands.push(name);
  if (!commands.includes('eval')) commands.push(...((await client.eval(TRY, 1, key, ...IN_SCRIPTS)) as string[]));
  return { commands, keys: false };
}

const DENIED = /^NOPERM/;
const DENIED_KEY = /^NOPERM .*\baccess\b.*\bkeys?\b/i;

async function isDenied(call: Promise<unknown>, pattern: RegExp): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    return pattern.test((error as Error).message);
  }
}
