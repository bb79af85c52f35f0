import { connect } from 'node:net';
import type { AllSettings } from '@app/config';
import { usesRedis } from '@app/connections';
import { examineDatabase } from '@app/entities';
import { endpoint } from '@app/kernel';
import { isQueueMigrated } from '@app/queue';
import { counted, fault, type Finding, notChecked, ok, warning } from './finding.js';
import { redis } from './redis.js';

const OLDEST_POSTGRES = 15;
const MOST_SKEW_S = 2;
const LONG_PENDING_S = 60;
const CONNECT_WITHIN_MS = 3000;

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

export async function queue(settings: Partial<AllSettings>): Promise<Finding[]> {
  if (settings.queue === undefined) return [notChecked('queue', 'its configuration is invalid')];
  if (usesRedis(settings.queue)) return redis(settings.queue);
  if (settings.database === undefined)
    return [notChecked('queue', 'it is in the database, which is not configured in this shell')];
  return [
    (await isQueueMigrated(settings.database.url))
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

/** Only opens a TCP connection, since any call would mint a token. */
export async function cas(settings: Partial<AllSettings>, unset: readonly string[]): Promise<Finding> {
  const lacking = unset.filter((name) => name.startsWith('CAS_'));
  if (lacking.length > 0) return notChecked('CAS', `${lacking.join(', ')} not set in this shell`);
  if (settings.cas === undefined) return notChecked('CAS', 'its configuration is invalid');
  const { url, httpsProxy, noProxy } = settings.cas;
  const proxied = httpsProxy !== undefined && url.startsWith('https:') && noProxy === undefined;
  const target = new URL(proxied ? httpsProxy : url);
  const error = await tcpError(target);
  const name = `${proxied ? 'proxy' : 'host'} ${endpoint(target.href)}`;
  return error === null
    ? ok('CAS', `${name} accepts connections (no token requested)`)
    : fault('CAS', `${name} is unreachable (${error})`, 'check CAS_URL, HTTPS_PROXY, DNS and the firewall');
}

/** The error code of a connection attempt, or null if it succeeds. */
function tcpError({ hostname, port, protocol }: URL): Promise<string | null> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect(port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port), host);
    const end = (error: string | null): void => {
      socket.destroy();
      resolve(error);
    };
    socket.setTimeout(CONNECT_WITHIN_MS, () => {
      end('timeout');
    });
    socket.once('connect', () => {
      end(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(error.code ?? 'error');
    });
  });
}
