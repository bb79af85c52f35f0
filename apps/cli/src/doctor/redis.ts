import {
  inspectRedis,
  type RedisFacts,
  type RedisFault,
  redisFaults,
  redisPlace,
  type RedisSettings,
} from '@app/connections';
import { classifyCause, describeCause } from '@app/kernel';
import { fault, type Finding, notChecked, ok, warning } from './finding.js';

const MIB = 1024 * 1024;

/** Checks Redis as the queue and the rate limits use it; writes a few keys within the prefix, which expire. */
export async function redis(settings: RedisSettings): Promise<Finding[]> {
  const place = redisPlace(settings);
  let facts: RedisFacts;
  try {
    facts = await inspectRedis(settings);
  } catch (error) {
    return [fault('queue', describeCause(place, error).replace(/; .*/, ''), classifyCause(error).advice)];
  }
  const faults = redisFaults(facts);
  const found = (...about: string[]) => faults.find((one) => about.includes(one.about));
  return [
    found('cluster', 'version') === undefined && facts.writeError === undefined
      ? ok('queue', describeServer(place, settings, facts))
      : unusable(place, facts, found('cluster', 'version')),
    ...(facts.isCluster === true ? [] : [rights(found('rights')), memory(facts, found('eviction')), disk(facts)]),
  ].filter((finding) => finding !== null);
}

type Fault = RedisFault | undefined;

function describeServer(place: string, { redisUrl, redisSentinels }: RedisSettings, facts: RedisFacts): string {
  const tls = new URL(redisUrl).protocol === 'rediss:' ? 'TLS' : 'no TLS';
  const sentinels = redisSentinels === undefined ? [] : ['a sentinel knows it'];
  const version = facts.version === undefined ? 'version not checked' : `version ${facts.version}`;
  return [place, version, 'primary', tls, ...sentinels].join(', ');
}

function unusable(place: string, { writeError, isReplica }: RedisFacts, found: Fault): Finding | null {
  if (found !== undefined) return fault('queue', `${place}: ${found.text}`, found.advice);
  const { kind, what, code, advice } = classifyCause(writeError);
  // It has a finding of its own, with all that is missing.
  if (kind === 'missing-right') return null;
  const role = isReplica === true ? ' (role: replica)' : '';
  return fault('queue', `${place}: ${what}${code === '' ? '' : ` (${code})`}${role}`, advice);
}

function rights(found: Fault): Finding {
  return found === undefined
    ? ok('queue rights', 'its user may do all that is needed')
    : fault('queue rights', found.text, found.advice);
}

function memory({ evictionPolicy, maxMemory }: RedisFacts, found: Fault): Finding {
  if (found !== undefined) return fault('queue memory', found.text, found.advice);
  if (evictionPolicy === undefined) return notChecked('queue memory', 'its user may not ask for maxmemory-policy');
  const limit = maxMemory === 0 ? 'no maxmemory' : `maxmemory ${String(Math.round((maxMemory ?? 0) / MIB))} MiB`;
  return ok('queue memory', `${limit}, maxmemory-policy ${evictionPolicy}`);
}

function disk({ persistence }: RedisFacts): Finding {
  switch (persistence) {
    case 'aof':
      return ok('queue disk', 'append-only file');
    case 'snapshots':
      return ok('queue disk', 'snapshots: a crash loses the jobs since the last one; the sweeper re-adds them');
    case 'none':
      return warning(
        'queue disk',
        'a crash of Redis loses waiting jobs; the sweeper re-adds them within 10 s',
        'enable the append-only file (appendonly yes)',
      );
    case undefined:
      return notChecked('queue disk', 'its user may not ask how data is saved');
  }
}
