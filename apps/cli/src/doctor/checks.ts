import type { AllSettings } from '@app/config';
import { PostgresAccess, usesRedis } from '@app/connections';
import { isQueueMigrated } from '@app/queue';
import { counted, fault, type Finding, notChecked, ok, warning } from './finding.js';
import { redis } from './redis.js';

const LONG_PENDING_S = 60;

/** @param unset required variables that are not set in this shell */
export function configuration(faults: readonly string[], unset: readonly string[]): Finding {
  const lacking = unset.length === 0 ? [] : [`${unset.join(', ')} not set in this shell`];
  if (faults.length > 0) {
    return fault('configuration', [...faults, ...lacking].join('; '), 'fix it in this shell and in every process');
  }
  if (lacking.length > 0) return notChecked('configuration', `${lacking.join()}; the rest is valid`);
  return ok('configuration', 'valid');
}

export async function queue(settings: Partial<AllSettings>): Promise<Finding[]> {
  if (settings.queue === undefined) return [notChecked('queue', 'its configuration is invalid')];
  if (usesRedis(settings.queue)) return redis(settings.queue);
  if (settings.database === undefined)
    return [notChecked('queue', 'it is in the database, which is not configured in this shell')];
  return [
    (await isQueueMigrated(new PostgresAccess({ url: settings.database.url })))
      ? ok('queue', 'in PostgreSQL, since REDIS_URL is not set in this shell')
      : fault('queue', 'its tables in PostgreSQL are missing or outdated', 'run npm run migrate'),
  ];
}

export function oldestPending(ageS: number): Finding {
  if (ageS <= LONG_PENDING_S)
    return ok('pending', ageS === 0 ? 'no pending sessions' : `oldest session: ${since(ageS)}`);
  const advice = 'check the workers, the metric queue_jobs and CAS';
  return warning('pending', `oldest session: ${since(ageS)}`, advice);
}

function since(ageS: number): string {
  return counted(Math.round(ageS), 'second');
}
