import { connect } from 'node:net';
import type { AllSettings } from '@app/config';
import { examineDatabase } from '@app/entities';
import { evictionPolicy, isQueueMigrated } from '@app/queue';
import { counted, type Finding } from './finding.js';

const OLDEST_POSTGRES = 15;
const MOST_SKEW_S = 2;
const LONG_PENDING_S = 60;
const CONNECT_WITHIN_MS = 3000;

const ok = (check: string, text: string): Finding => ({ check, level: 'ok', text });
const warning = (check: string, text: string, advice: string): Finding => ({ check, level: 'warning', text, advice });
const fault = (check: string, text: string, advice: string): Finding => ({ check, level: 'fault', text, advice });
export const notChecked = (check: string, text: string): Finding => ({ check, level: 'not-checked', text });

/** `unset`: what processes must be told and this shell was not. */
export function configuration(faults: readonly string[], unset: readonly string[]): Finding {
  const lacking = unset.length === 0 ? [] : [`${unset.join(', ')} not set in this shell`];
  if (faults.length > 0) {
    return fault('configuration', [...faults, ...lacking].join('; '), 'put it right here and in every process');
  }
  if (lacking.length > 0) return notChecked('configuration', `${lacking.join()}; the rest is well`);
  return ok('configuration', 'is readable');
}

/** The database itself; `ready` when the rows can be looked at too. */
export async function database(url: string): Promise<{ ready: boolean; findings: Finding[] }> {
  const { state, server } = await examineDatabase(url);
  if (state === 'no-answer' || state === 'refused' || server === undefined) {
    const finding =
      state === 'refused'
        ? fault('database', 'refuses this program', 'look at user, password and name in DATABASE_URL')
        : fault('database', 'does not answer', 'look at DATABASE_URL, at the network, and at PostgreSQL itself');
    return { ready: false, findings: [finding] };
  }
  const { version, major, skewS, keepsSession, listens } = server;
  const skew = `this machine is ${Math.abs(skewS).toFixed(1)} s ${skewS < 0 ? 'behind' : 'ahead of'} the database`;
  const findings = [
    major >= OLDEST_POSTGRES
      ? ok('database', `PostgreSQL ${version}`)
      : fault('database', `PostgreSQL ${version}`, `PostgreSQL ${String(OLDEST_POSTGRES)} or newer is needed`),
    state === 'ready'
      ? ok('schema', 'is at least as new as this program')
      : fault('schema', 'is older than this program', 'npm run migrate'),
    keepsSession && listens
      ? ok('connections', 'keep their session, and LISTEN hears')
      : fault(
          'connections',
          keepsSession ? 'LISTEN hears nothing' : 'lose their session between two statements',
          'reach PostgreSQL directly or through session pooling, never transaction pooling',
        ),
    Math.abs(skewS) <= MOST_SKEW_S ? ok('clock', skew) : warning('clock', skew, 'synchronise both (NTP)'),
  ];
  return { ready: state === 'ready', findings };
}

export async function queue(settings: Partial<AllSettings>): Promise<Finding> {
  if (settings.queue === undefined) return notChecked('queue', 'its configuration has faults');
  const { redisUrl } = settings.queue;
  if (redisUrl !== undefined) {
    const policy = await evictionPolicy(redisUrl);
    if (policy === null) return fault('queue', 'Redis does not answer', 'look at REDIS_URL and at Redis itself');
    if (policy === 'noeviction') return ok('queue', 'Redis answers, with noeviction');
    return fault('queue', `Redis throws jobs away (${policy})`, 'set its maxmemory-policy to noeviction');
  }
  if (settings.database === undefined) return notChecked('queue', 'it lives in a database that is not known here');
  return (await isQueueMigrated(settings.database.url))
    ? ok('queue', 'lives in PostgreSQL, as REDIS_URL is not set in this shell')
    : fault('queue', 'lives in PostgreSQL, where its tables are missing or older', 'npm run migrate');
}

export function oldestPending(ageS: number): Finding {
  if (ageS <= LONG_PENDING_S) return ok('pending', ageS === 0 ? 'no session is' : `the oldest since ${since(ageS)}`);
  const advice = 'look at the workers, at queue_jobs, and at CAS';
  return warning('pending', `the oldest session since ${since(ageS)}`, advice);
}

function since(ageS: number): string {
  return counted(Math.round(ageS), 'second');
}

/** Only whether it can be reached: every call would mint. */
export async function cas(settings: Partial<AllSettings>, unset: readonly string[]): Promise<Finding> {
  const lacking = unset.filter((name) => name.startsWith('CAS_'));
  if (lacking.length > 0) return notChecked('CAS', `${lacking.join(', ')} not set in this shell`);
  if (settings.cas === undefined) return notChecked('CAS', 'its configuration has faults');
  const { url, httpsProxy, noProxy } = settings.cas;
  const proxied = httpsProxy !== undefined && url.startsWith('https:') && noProxy === undefined;
  const target = new URL(proxied ? httpsProxy : url);
  const error = await tcpError(target);
  const name = proxied ? 'its proxy' : 'its host';
  return error === null
    ? ok('CAS', `${name} accepts connections; no token was asked for`)
    : fault('CAS', `${name} cannot be reached (${error})`, 'look at CAS_URL, HTTPS_PROXY, DNS and the firewall');
}

/** The code of what went wrong, or null. */
function tcpError({ hostname, port, protocol }: URL): Promise<string | null> {
  return new Promise((resolve) => {
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = connect(port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port), host);
    const end = (error: string | null): void => {
      socket.destroy();
      resolve(error);
    };
    socket.setTimeout(CONNECT_WITHIN_MS, () => {
      end('no answer');
    });
    socket.once('connect', () => {
      end(null);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      end(error.code ?? 'error');
    });
  });
}
