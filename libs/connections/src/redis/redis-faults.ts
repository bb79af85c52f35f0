import type { RedisFacts } from './redis-facts.js';

/** Why this product cannot work with a Redis, however long it waits. */
export interface RedisFault {
  about: 'cluster' | 'version' | 'eviction' | 'rights';
  text: string;
  advice: string;
}

const OLDEST = '6.2';
const OPERATIONS = 'docs/operations.md, "Redis as others run it"';

export function redisFaults({ version, isCluster, evictionPolicy, missing }: RedisFacts): RedisFault[] {
  const faults: RedisFault[] = [];
  if (isCluster === true)
    faults.push({
      about: 'cluster',
      text: 'it is a Redis Cluster',
      advice: 'use one Redis (with replicas and Sentinel if needed), not a cluster',
    });
  if (version !== undefined && isOlder(version, OLDEST))
    faults.push({ about: 'version', text: `version ${version} is too old`, advice: `upgrade to ${OLDEST} or newer` });
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction')
    faults.push({
      about: 'eviction',
      text: `it may evict jobs (maxmemory-policy ${evictionPolicy})`,
      advice: 'set maxmemory-policy to noeviction',
    });
  const rights = describeMissing(missing);
  if (rights !== '' && isCluster !== true)
    faults.push({
      about: 'rights',
      text: `its user lacks rights (ACL): ${rights}`,
      advice: `grant them (${OPERATIONS})`,
    });
  return faults;
}

function describeMissing({ commands, keys }: RedisFacts['missing']): string {
  if (keys) return 'access to the keys that begin with QUEUE_PREFIX and a colon';
  return commands.length === 0 ? '' : `the command${commands.length === 1 ? '' : 's'} ${commands.join(', ')}`;
}

function isOlder(version: string, oldest: string): boolean {
  const [a, b] = [version, oldest].map((text) => text.split('.').map(Number));
  const [major = 0, minor = 0] = a ?? [];
  const [oldestMajor = 0, oldestMinor = 0] = b ?? [];
  return major < oldestMajor || (major === oldestMajor && minor < oldestMinor);
}
