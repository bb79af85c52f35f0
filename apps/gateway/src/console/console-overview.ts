import { COUNTED_TO } from '@app/entities';
import { VERSION } from '@app/kernel';
import { ProcessReporter } from '@app/observability';
import { Injectable } from '@nestjs/common';
import { type FleetProcess, paceOf } from '../fleet/fleet.js';
import { poolOf, valueOf, valuesOf } from '../fleet/figures.js';
import { FleetWatch, SAMPLE_EVERY_MS } from '../fleet/fleet-watch.js';
import { type Sample, SERIES } from '../fleet/sample.js';
import type { PastTrouble } from '../fleet/trouble-log.js';
import { ConsolePool } from './console-pool.js';

const PAST_SHOWN = 20;

/** What the overview shows: what is wrong, the processes, and the figures over time. */
@Injectable()
export class ConsoleOverview {
  constructor(
    private readonly watch: FleetWatch,
    private readonly reporter: ProcessReporter,
    private readonly pool: ConsolePool,
  ) {}

  /** @param after only figures later than this, in ms */
  view(after: number) {
    const { state, log, samples } = this.watch;
    const later = samples.filter(({ t }) => t > after);
    return {
      version: VERSION,
      process: this.reporter.id,
      now: iso(Date.now()),
      watchedSince: iso(this.watch.since),
      everyMs: SAMPLE_EVERY_MS,
      countedTo: COUNTED_TO,
      troubles: log.now.map((trouble) => ({ ...trouble, since: iso(trouble.since) })),
      last: log.last && pastShown(log.last),
      past: log.past.slice(0, PAST_SHOWN).map(pastShown),
      counts: state && { ...state.counts, readAt: iso(state.now) },
      pace: state && paceOf(state),
      processes: state?.processes.map(processShown) ?? [],
      pool: this.pool.view(),
      series: { t: later.map(({ t }) => t), ...Object.fromEntries(SERIES.map((name) => [name, column(later, name)])) },
    };
  }
}

function column(samples: readonly Sample[], name: string): (number | null)[] {
  return samples.map((sample) => rounded(sample[name] ?? null));
}

/** Digits that a chart cannot show cost bytes. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(4));
}

function pastShown({ key, level, past, since, until }: PastTrouble) {
  return { key, level, past, since: iso(since), until: iso(until) };
}

function processShown({ id, kind, version, startedAt, seenAt, alive, figures }: FleetProcess) {
  const number = (metric: string) => valueOf(figures, metric);
  return {
    ...{ id, kind, version, alive, failing: figures.states.failing },
    startedAt: startedAt.toISOString(),
    seenAt: seenAt.toISOString(),
    clockSkewS: number('clock_skew_seconds'),
    pool: poolOf(figures),
    ...(kind === 'worker'
      ? {
          /** By CAS endpoint. */
          breakers: Object.fromEntries(valuesOf(figures, 'breaker_state')),
          published: figures.histograms.time_to_ready_seconds?.count ?? 0,
          wasted: number('wasted_mints_total'),
        }
      : {
          opened: number('sessions_opened_total'),
          sse: number('sse_connections'),
          waits: figures.states.waits,
          listens: figures.values.listen_up !== 0,
        }),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
