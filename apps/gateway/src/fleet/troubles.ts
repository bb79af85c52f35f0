import { FAILURES, type FailureCode, spellDuration } from '@app/kernel';
import { casShare, casTroubles } from './cas-troubles.js';
import { valueOf } from './figures.js';
import { type FleetPace, type FleetProcess, type FleetState, paceOf } from './fleet.js';
import type { Rise } from './sample.js';
import { deadline, percent, sessions, trouble, type Trouble, waits } from './trouble.js';

/** A session should be ready long before, in s. */
const SLOW_S = 30;
/** A lost process is trouble for this long, in s; its work is done by others then. */
const LOST_TROUBLES_S = 120;
const MAX_SKEW_S = 2;
/** What a process has not done this long after its start is trouble, in s. */
const STARTS_WITHIN_S = 15;
/** Shares of failed calls and requests are not told of fewer than this many. */
const ENOUGH = 20;
/** A pool is exhausted if callers wait for it at so many readings in a row; at one, it may be a burst. */
const POOL_READINGS = 3;

/** @param recent what happened within the last minute */
export function findTroubles(state: FleetState, recent: readonly Rise[]): Trouble[] {
  const workers = state.processes.filter(({ kind }) => kind === 'worker');
  const gateways = state.processes.filter(({ kind }) => kind === 'gateway');
  const alive = workers.filter((one) => one.alive);
  // A fleet that starts has not reported itself yet.
  const isSettled = ({ startedAt }: FleetProcess) => state.now - startedAt.getTime() > 1000 * STARTS_WITHIN_S;
  return [
    ...noWorker(state, workers, alive, gateways.length > 0 && !gateways.some(isSettled)),
    ...notReady(state, alive),
    ...casTroubles(state, alive),
    ...casShare(state, alive, recent),
    ...backlog(state, alive),
    ...errors(recent),
    ...poolExhausted(state, recent),
    ...deafGateways(gateways.filter(isSettled)),
    ...lost(state),
    ...skewed(state),
    ...versions(state),
    ...failed(state),
  ];
}

/** While the state cannot be read at all. */
export function databaseTrouble(since: number): Trouble {
  return {
    key: 'database',
    level: 'bad',
    what: 'The database does not answer',
    past: 'The database did not answer',
    doing:
      'Requests that need it are answered with 503 and Retry-After; sessions that were acknowledged are stored, and go on when it is back. Check Postgres and the network to it.',
    since,
  };
}

function noWorker(
  { counts, now }: FleetState,
  workers: readonly FleetProcess[],
  alive: readonly FleetProcess[],
  justStarted: boolean,
) {
  if (alive.length > 0 || (workers.length === 0 && justStarted)) return [];
  const last = workers.map(({ silentS }) => now - 1000 * silentS);
  const since = last.length === 0 ? null : Math.max(...last);
  const waiting = counts.pending > 0;
  return [
    trouble('no-worker', waiting ? 'bad' : 'warn', {
      what: waiting ? `No worker is alive, and ${sessions(counts.pending)} wait` : 'No worker is alive',
      past: 'No worker was alive',
      doing: waiting
        ? `They are kept and minted as soon as a worker starts. ${deadline(counts)} Start a worker.`
        : 'Nothing waits now, but new sessions will wait until a worker starts. Start a worker.',
      since,
    }),
  ];
}

/** What the parts of a worker's readiness mean. */
const PARTS: Partial<Record<string, { what: string; past: string; doing: string }>> = {
  queue: {
    what: 'The queue does not answer',
    past: 'The queue did not answer',
    doing: 'Sessions are accepted and kept in the database; they are enqueued when the queue is back.',
  },
  'queue-paused': {
    what: 'The queue is paused',
    past: 'The queue was paused',
    doing: 'An operator paused it. Sessions are accepted and wait until it is resumed.',
  },
  database: {
    what: 'Workers cannot write to the database',
    past: 'Workers could not write to the database',
    doing: 'Sessions stay pending and are minted when it takes writes again.',
  },
};

function notReady({ counts }: FleetState, alive: readonly FleetProcess[]): Trouble[] {
  const parts = new Map<string, number>();
  for (const { figures } of alive)
    for (const part of figures.states.failing) if (part !== 'draining') parts.set(part, (parts.get(part) ?? 0) + 1);
  return [...parts].map(([part, count]) => {
    const known = PARTS[part] ?? {
      what: `Workers are not ready (${part})`,
      past: `Workers were not ready (${part})`,
      doing: 'Their log names the cause.',
    };
    const some = count < alive.length ? ` at ${String(count)} of ${String(alive.length)} workers` : '';
    const wait = counts.pending > 0 ? ` ${sessions(counts.pending)} wait. ${deadline(counts)}` : '';
    return trouble(`not-ready:${part}`, part === 'queue-paused' ? 'warn' : 'bad', {
      what: `${known.what}${some}`,
      past: known.past,
      doing: `${known.doing}${wait}`,
    });
  });
}

function backlog(state: FleetState, alive: readonly FleetProcess[]): Trouble[] {
  const { counts, now } = state;
  const { pending, oldestPendingS } = counts;
  const reports = alive.flatMap(({ figures }) => figures.states.cas);
  if (alive.length === 0 || oldestPendingS === null || oldestPendingS < SLOW_S) return [];
  if (reports.some((cas) => cas.trouble !== null)) return [];
  const pace = paceOf(state);
  const over = reports.flatMap(({ previous }) => (previous === null ? [] : [Date.parse(previous.until)]));
  const recovering = over.some((until) => now - until < 120_000);
  return [
    trouble('backlog', 'warn', {
      what: `${sessions(pending)} ${waits(pending)}, the oldest for ${String(Math.round(oldestPendingS))} s`,
      past: 'Sessions waited longer than usual',
      doing: `${recovering ? RECOVERING : pace === null ? inTurn(alive.length) : paced(pace)} ${deadline(counts)}`,
      since: now - 1000 * (oldestPendingS - SLOW_S),
      link: '/console/sessions?status=pending',
    }),
  ];
}

const RECOVERING = 'CAS works again: each is tried again within 60 s of its last attempt.';

function inTurn(workers: number): string {
  const take = workers === 1 ? '1 worker is alive and takes' : `${String(workers)} workers are alive and take`;
  return `${take} them in turn. If it goes on, add workers.`;
}

function paced({ limit, slowed, drainS }: FleetPace): string {
  const lowered = slowed ? ', which is lowered since CAS answered 429' : '';
  return `Calls of CAS are limited to ${String(limit)} per second over all workers${lowered}: their calls take ${spellDuration(1000 * drainS)}. More workers change nothing; \`cli pacing\` does.`;
}

function errors(recent: readonly Rise[]): Trouble[] {
  const all = recent.reduce((sum, { http }) => sum + http.all, 0);
  const bad = recent.reduce((sum, { http }) => sum + http.errors, 0);
  const share = all === 0 ? 0 : bad / all;
  if (bad < ENOUGH || share < 0.01) return [];
  return [
    trouble('http-errors', 'warn', {
      what: `Gateways answer ${percent(share)} of the requests with 5xx`,
      past: 'Gateways answered requests with 5xx',
      doing: 'Clients are told to retry. The log of the gateways names the cause of each.',
    }),
  ];
}

function poolExhausted({ processes }: FleetState, recent: readonly Rise[]): Trouble[] {
  const last = recent.slice(-POOL_READINGS);
  if (last.length < POOL_READINGS) return [];
  const starved = processes.filter(({ id, alive }) => alive && last.every(({ poolWaits }) => poolWaits.includes(id)));
  if (starved.length === 0) return [];
  return [
    trouble('pool', 'warn', {
      what: `${names(starved)} ${starved.length === 1 ? 'has' : 'have'} no connection to the database left: statements wait`,
      past: 'Statements waited for a connection to the database',
      doing:
        'Requests take longer, and fail with 503 if they wait too long. Look for slow statements and locks in Postgres; raise DATABASE_POOL if it has room.',
      link: '#processes',
    }),
  ];
}

function deafGateways(gateways: readonly FleetProcess[]): Trouble[] {
  const deaf = gateways.filter(({ alive, figures }) => alive && figures.values.listen_up === 0);
  if (deaf.length === 0) return [];
  return [
    trouble('listen', 'warn', {
      what: `${names(deaf)} ${deaf.length === 1 ? 'receives' : 'receive'} no events of the database`,
      past: 'A gateway received no events of the database',
      doing:
        'It connects again by itself. Meanwhile it reads waited-for sessions once a second, so clients are answered later.',
    }),
  ];
}

function lost({ processes, now }: FleetState): Trouble[] {
  return processes
    .filter(({ alive, silentS }) => !alive && silentS < LOST_TROUBLES_S)
    .map(({ id, kind, silentS }) =>
      trouble(`lost:${id}`, 'warn', {
        what: `${id} does not report`,
        past: `${id} stopped reporting`,
        doing:
          kind === 'worker'
            ? 'It crashed, hangs, or cannot reach the database. Other workers take its jobs within 20 s.'
            : 'It crashed, hangs, or cannot reach the database. Its clients reach the other gateways.',
        since: now - 1000 * silentS,
      }),
    );
}

function skewed({ processes }: FleetState): Trouble[] {
  const wrong = processes.filter(
    ({ alive, figures }) => alive && Math.abs(valueOf(figures, 'clock_skew_seconds')) > MAX_SKEW_S,
  );
  if (wrong.length === 0) return [];
  return [
    trouble('clock', 'note', {
      what: `The clock of ${names(wrong)} differs from the database's by more than ${String(MAX_SKEW_S)} s`,
      past: 'A clock was wrong',
      doing:
        'Decisions use the clock of the database. Correct the clock: jobs may run twice while the queue is in Postgres.',
    }),
  ];
}

function versions({ processes }: FleetState): Trouble[] {
  const counts = new Map<string, number>();
  for (const { version, alive } of processes) if (alive) counts.set(version, (counts.get(version) ?? 0) + 1);
  if (counts.size < 2) return [];
  const list = [...counts].map(([version, count]) => `${version} (${String(count)})`).join(', ');
  return [
    trouble('versions', 'note', {
      what: `Processes of ${String(counts.size)} versions run: ${list}`,
      past: 'Processes of several versions ran',
      doing: 'A rolling upgrade passes through this state. Otherwise finish it, or roll it back.',
      link: '#processes',
    }),
  ];
}

function failed({ counts }: FleetState): Trouble[] {
  if (counts.failed === 0) return [];
  const codes = Object.entries(counts.failedByCode) as [FailureCode, number][];
  const lasting = codes.reduce((sum, [code, count]) => (FAILURES[code].retryable ? sum : sum + count), 0);
  return [
    trouble('failed', 'note', {
      what: `${sessions(counts.failed)} failed: ${codes.map(([code, count]) => `${String(count)} ${code}`).join(', ')}`,
      past: 'Sessions had failed',
      doing:
        lasting === counts.failed
          ? 'They stay failed until an operator retries them.'
          : 'A session that may be retried is, when its room is opened again; an operator can retry all of them.',
      link: '/console/sessions?status=failed',
    }),
  ];
}

function names(processes: readonly FleetProcess[]): string {
  return processes.length > 3 ? `${String(processes.length)} processes` : processes.map(({ id }) => id).join(' and ');
}
