import type { AllSettings } from '@app/config';
import { examineDatabase } from '@app/entities';
import { endpoint } from '@app/kernel';
import { evictionPolicy, isQueueMigrated } from '@app/queue';
import { counted, type Finding } from './finding.js';

const OLDEST_POSTGRES = 15;
const MOST_SKEW_S = 2;
const LONG_PENDING_S = 60;

const ok = (check: string, text: string): Finding => ({ check, level: 'ok', text });
const warning = (check: string, text: string, advice: string): Finding => ({ check, level: 'warning', text, advice });
const fault = (check: string, text: string, advice: string): Finding => ({ check, level: 'fault', text, advice });
export const notChecked = (check: string, text: string): Finding => ({ check, level: 'not-checked', text });

/** @param unset required variables that are not set in this shell */
export function configuration(faults: readonly string[], unset: readonly string[]): Finding {
  const lacking = unset.length === 0 ? [] : [`${unset.join(', ')} not set in this shell`];
  if (faults.length > 0) {
    return fault('configuration', [...faults, ...lacking].join('; '), 'fix it in this shell and in every process');
  }
  if (lacking.length > 0) return notChecked('configuration', `${lacking.join()}; the rest is valid`);
  return ok('configuration', 'valid');
}

/** Checks the database; `ready` if the rows can be checked too. */
export async function database(url: string): Promise<{ ready: boolean; findings: Finding[] }> {
  const { state, server } = await examineDatabase(url);
  if (state === 'no-answer' || state === 'refused' || server === undefined) {
    const finding =
      state === 'refused'
        ? fault(
            'database',
            'connection refused by the server',
            'check user, password and database name in DATABASE_URL',
          )
        : fault('database', `unavailable at ${endpoint(url)}`, 'check DATABASE_URL, the network and PostgreSQL');
    return { ready: false, findings: [finding] };
  }
  const { version, major, skewS, keepsSession, listens } = server;
  const skew = `this host is ${Math.abs(skewS).toFixed(1)} s ${skewS < 0 ? 'behind' : 'ahead of'} the database`;
  const findings = [
    major >= OLDEST_POSTGRES
      ? ok('database', `PostgreSQL ${version}`)
      : fault('database', `PostgreSQL ${version}`, `upgrade to PostgreSQL ${String(OLDEST_POSTGRES)} or newer`),
    state === 'ready' ? ok('schema', 'up to date') : fault('schema', 'older than this release', 'run npm run migrate'),
    keepsSession && listens
      ? ok('connections', 'session state is kept and LISTEN works')
      : fault(
          'connections',
          keepsSession ? 'LISTEN receives no notifications' : 'session state is lost between two statements',
          'connect to PostgreSQL directly or through session pooling, not transaction pooling',
        ),
    Math.abs(skewS) <= MOST_SKEW_S ? ok('clock', skew) : warning('clock', skew, 'synchronize both clocks (NTP)'),
  ];
  return { ready: state === 'ready', findings };
}

export async function queue(settings: Partial<AllSettings>): Promise<Finding> {
  if (settings.queue === undefined) return notChecked('queue', 'its configuration is invalid');
  const { redisUrl } = settings.queue;
  if (redisUrl !== undefined) {
    const policy = await evictionPolicy(redisUrl);
    if (policy === null)
      return fault('queue', `Redis is unavailable at ${endpoint(redisUrl)}`, 'check REDIS_URL, the network and Redis');
    if (policy === 'noeviction') return ok('queue', 'Redis is available, with maxmemory-policy noeviction');
    return fault('queue', `Redis may evict jobs (maxmemory-policy ${policy})`, 'set maxmemory-policy to noeviction');
  }
  if (settings.database === undefined)
    return notChecked('queue', 'it is in the database, which is not configured in this shell');
  return (await isQueueMigrated(settings.database.url))
    ? ok('queue', 'in PostgreSQL, since REDIS_URL is not set in this shell')
    : fault('queue', 'its tables in PostgreSQL are missing or outdated', 'run npm run migrate');
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
