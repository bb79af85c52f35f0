import type { HistogramFigure } from '@app/observability';
import { histogramsOf, maxOf, poolOf, valueOf, valuesOf } from './figures.js';
import type { FleetProcess, FleetState } from './fleet.js';
import { quantile, risenHistogram, sumOf } from './histograms.js';

/** The figures that are drawn over time. */
export const SERIES = [
  ...['pending', 'ready', 'failed', 'oldestS', 'opened', 'published', 'readyP50', 'readyP99', 'waitP50', 'waitP99'],
  ...['casP50', 'casP99', 'casOk', 'casFailed', 'breaker', 'workers', 'gateways', 'sse', 'waits'],
] as const;

/** One point in time; times in s, rates per second. Null: nothing was measured. */
export type Sample = { t: number } & Record<string, number | null>;

/** What happened between two readings. */
export interface Rise {
  /** In s. */
  seconds: number;
  opened: number;
  failed: number;
  casByOutcome: Record<string, number>;
  http: { all: number; errors: number };
  ready: HistogramFigure;
  wait: HistogramFigure;
  cas: HistogramFigure;
  /** Processes of whose pool callers wait for a connection, at this reading. */
  poolWaits: string[];
}

/** What each process adds to the fleet's counters between two readings: it reports at its own times and may start anew. */
export class Rises {
  private before = new Map<string, FleetProcess>();
  private at: number | undefined;

  next({ now, processes }: FleetState): Rise {
    const known = processes.filter(({ id }) => this.before.has(id));
    const rise: Rise = {
      seconds: this.at === undefined ? 0 : (now - this.at) / 1000,
      opened: this.sum(known, 'sessions_opened_total'),
      failed: this.sum(known, 'sessions_failed_total'),
      casByOutcome: {},
      poolWaits: processes.filter((one) => one.alive && (poolOf(one.figures)?.waiting ?? 0) > 0).map(({ id }) => id),
      http: { all: 0, errors: 0 },
      ready: sumOf(known.flatMap((one) => this.histogram(one, 'time_to_ready_seconds'))),
      wait: sumOf(known.flatMap((one) => this.histogram(one, 'job_wait_seconds'))),
      cas: sumOf(known.flatMap((one) => this.histogram(one, 'cas_request_duration_seconds'))),
    };
    for (const one of known) {
      const earlier = this.before.get(one.id);
      if (earlier === undefined) continue;
      const casBefore = new Map(histogramsOf(earlier.figures, 'cas_request_duration_seconds'));
      for (const [outcome, histogram] of histogramsOf(one.figures, 'cas_request_duration_seconds')) {
        const { count } = risenHistogram(histogram, casBefore.get(outcome));
        rise.casByOutcome[outcome] = (rise.casByOutcome[outcome] ?? 0) + count;
      }
      const httpBefore = new Map(valuesOf(earlier.figures, 'http_request_duration_seconds'));
      for (const [status, value] of valuesOf(one.figures, 'http_request_duration_seconds')) {
        const count = risen(value, httpBefore.get(status));
        rise.http.all += count;
        if (status.startsWith('5')) rise.http.errors += count;
      }
    }
    // Those that are silent are kept: their next report continues where the last one ended.
    this.before = new Map(processes.map((one) => [one.id, one]));
    this.at = now;
    return rise;
  }

  private sum(processes: readonly FleetProcess[], metric: string): number {
    return processes.reduce((sum, one) => {
      const earlier = this.before.get(one.id);
      return sum + risen(valueOf(one.figures, metric), earlier && valueOf(earlier.figures, metric));
    }, 0);
  }

  private histogram(one: FleetProcess, metric: string): HistogramFigure[] {
    const earlier = this.before.get(one.id);
    const before = new Map(earlier === undefined ? [] : histogramsOf(earlier.figures, metric));
    return histogramsOf(one.figures, metric).map(([label, now]) => risenHistogram(now, before.get(label)));
  }
}

function risen(now: number, before: number | undefined): number {
  return before === undefined || before > now ? now : now - before;
}

/** Quantiles are of this many readings, so that quiet minutes have some. */
export const WINDOW = 6;

/** @param recent the last readings, this one included */
export function toSample(state: FleetState, recent: readonly Rise[]): Sample {
  const { counts, processes, now } = state;
  const rise = recent.at(-1);
  const alive = processes.filter((one) => one.alive);
  const workers = alive.filter(({ kind }) => kind === 'worker');
  const gateways = alive.filter(({ kind }) => kind === 'gateway');
  const rate = (count: number | undefined) =>
    rise === undefined || rise.seconds <= 0 || count === undefined ? null : count / rise.seconds;
  const ready = sumOf(recent.map((one) => one.ready));
  const wait = sumOf(recent.map((one) => one.wait));
  const cas = sumOf(recent.map((one) => one.cas));
  const calls = Object.entries(rise?.casByOutcome ?? {});
  const casOk = calls.reduce((sum, [outcome, count]) => (outcome === 'ok' ? sum + count : sum), 0);
  const casAll = calls.reduce((sum, [, count]) => sum + count, 0);
  return {
    t: now,
    pending: counts.pending,
    ready: counts.ready,
    failed: counts.failed,
    oldestS: counts.oldestPendingS,
    opened: rate(rise?.opened),
    published: rate(rise?.ready.count),
    readyP50: quantile(0.5, ready),
    readyP99: quantile(0.99, ready),
    waitP50: quantile(0.5, wait),
    waitP99: quantile(0.99, wait),
    casP50: quantile(0.5, cas),
    casP99: quantile(0.99, cas),
    casOk: rate(casOk),
    casFailed: rate(casAll - casOk),
    breaker: workers.length === 0 ? null : Math.max(...workers.map(({ figures }) => maxOf(figures, 'breaker_state'))),
    workers: workers.length,
    gateways: gateways.length,
    sse: gateways.reduce((sum, { figures }) => sum + valueOf(figures, 'sse_connections'), 0),
    waits: gateways.reduce((sum, { figures }) => sum + figures.states.waits, 0),
  };
}
