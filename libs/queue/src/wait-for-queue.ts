import { inspectRedis, redisFaults, redisPlace, type RedisSettings, usesRedis } from '@app/connections';
import { readSecretFile, redisUrlFault } from '@app/config';
import { classifyCause, describeCause, sleep, StartupError } from '@app/kernel';

const LOOK_EVERY_MS = 500;

type Settings = Omit<RedisSettings, 'redisUrl'> & { redisUrl: string | undefined };

/**
 * Waits until the queue can be used. Returns immediately if it is kept in the database.
 *
 * @param onWait called with the cause, whenever it changes
 * @returns what could not be checked, in words for operators
 * @throws StartupError after `timeoutMs`, or immediately if waiting cannot help: a cluster, a version that is too old, an
 *   eviction policy that loses jobs, missing rights
 */
export async function waitForQueue(
  settings: Settings,
  timeoutMs: number,
  onWait: (reason: string) => void,
): Promise<string[]> {
  if (!usesRedis(settings)) return [];
  const end = performance.now() + timeoutMs;
  for (let last = ''; ;) {
    const { reason, notes } = await attempt(withCurrentUrl(settings));
    if (reason === null) return notes;
    if (performance.now() > end) throw new StartupError(`${reason} (waited ${String(timeoutMs / 1000)} s)`);
    if (reason !== last) onWait(reason);
    last = reason;
    await sleep(LOOK_EVERY_MS);
  }
}

/** @returns why Redis cannot be used yet, or null and what could not be checked */
async function attempt(settings: RedisSettings): Promise<{ reason: string | null; notes: string[] }> {
  const place = redisPlace(settings);
  try {
    const facts = await inspectRedis(settings);
    const faults = redisFaults(facts);
    if (faults.length > 0)
      throw new StartupError(faults.map(({ text, advice }) => `${place}: ${text}; ${advice}`).join('\n'));
    if (facts.writeError !== undefined) throw facts.writeError;
    const unknown = facts.evictionPolicy === undefined;
    const note = `${place}: maxmemory-policy not checked, since its user may not ask for it; it must be noeviction`;
    return { reason: null, notes: unknown ? [note] : [] };
  } catch (error) {
    if (error instanceof StartupError) throw error;
    const { kind } = classifyCause(error);
    if (kind === 'cluster' || kind === 'missing-right') throw new StartupError(describeCause(place, error));
    return {
      reason: `${describeCause(place, error)}${kind === 'read-only' ? '; it may be a failover' : ''}`,
      notes: [],
    };
  }
}

/** The password may be rotated while a process waits. */
function withCurrentUrl(settings: RedisSettings): RedisSettings {
  const { redisUrlFile } = settings;
  const read = redisUrlFile === undefined ? null : readSecretFile(redisUrlFile);
  return read === null || redisUrlFault(read) !== null ? settings : { ...settings, redisUrl: read };
}
