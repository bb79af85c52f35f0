import { classifyCause } from '@app/kernel';
import { probeWrite, withRedis } from './probe.js';
import { type MissingRights, missingRights } from './redis-rights.js';
import type { RedisClient } from './redis-client.js';
import type { RedisSettings } from './redis-settings.js';

/** What a Redis says about itself. Undefined: the user may not ask for it. */
export interface RedisFacts {
  version: string | undefined;
  isCluster: boolean | undefined;
  isReplica: boolean | undefined;
  evictionPolicy: string | undefined;
  /** In bytes; 0 is no limit. */
  maxMemory: number | undefined;
  /** Whether data survives a crash: by the append-only file, by snapshots, or not. */
  persistence: 'aof' | 'snapshots' | 'none' | undefined;
  missing: MissingRights;
  /** Why it takes no writes. */
  writeError: Error | undefined;
}

const NOTHING_MISSING: MissingRights = { commands: [], keys: false };

/** @throws why Redis cannot be reached */
export function inspectRedis(settings: RedisSettings): Promise<RedisFacts> {
  return withRedis(settings, async (client) => {
    const info = parseInfo(await client.info());
    const isCluster = info.size === 0 ? undefined : info.get('cluster_enabled') === '1';
    const writeError = await errorOf(probeWrite(client, settings.prefix));
    const config = (name: string) => configOf(client, name);
    const maxMemory = info.get('maxmemory') ?? (await config('maxmemory'));
    return {
      version: info.get('redis_version'),
      isCluster,
      isReplica: info.has('role') ? info.get('role') !== 'master' : undefined,
      evictionPolicy: info.get('maxmemory_policy') ?? (await config('maxmemory-policy')),
      maxMemory: maxMemory === undefined ? undefined : Number(maxMemory),
      persistence: persistenceOf(info, await config('save')),
      // Of a replica or a cluster, every other error is about that.
      missing: mayLackRights(writeError) ? await missingRights(client, settings.prefix) : NOTHING_MISSING,
      writeError,
    };
  });
}

function mayLackRights(writeError: Error | undefined): boolean {
  return writeError === undefined || classifyCause(writeError).kind === 'missing-right';
}

function persistenceOf(info: ReadonlyMap<string, string>, save: string | undefined): RedisFacts['persistence'] {
  if (info.get('aof_enabled') === '1') return 'aof';
  if (save === undefined) return undefined;
  return save === '' ? 'none' : 'snapshots';
}

/** Undefined if the user may not ask, as with most managed services. */
async function configOf(client: RedisClient, name: string): Promise<string | undefined> {
  try {
    const [, value] = (await client.config('GET', name)) as string[];
    return value;
  } catch {
    return undefined;
  }
}

function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map([...text.matchAll(/^(\w+):([^\r\n]*)/gm)].map(([, name = '', value = '']) => [name, value]));
}

async function errorOf(work: Promise<unknown>): Promise<Error | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
