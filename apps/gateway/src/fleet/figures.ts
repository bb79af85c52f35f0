import type { HistogramFigure } from '@app/observability';
import { z } from 'zod';

const trouble = z.object({ outcome: z.string(), status: z.number().nullable(), since: z.string() });

const histogram = z.object({
  le: z.array(z.number()),
  n: z.array(z.number()),
  sum: z.number(),
  count: z.number(),
});

/** The condition of one CAS endpoint at one worker. */
const casReport = z.object({
  endpoint: z.string(),
  trouble: trouble.nullable(),
  previous: trouble.extend({ until: z.string() }).nullable(),
  lastCallAt: z.string().nullable(),
});

/** The pace of calls of CAS, over all workers. */
const pacing = z.object({ limit: z.number().positive().nullable(), slowed: z.boolean() });

/** What a process of any release reports: what is missing or has another form is left out. */
const figures = z.object({
  values: z.record(z.string(), z.number()).catch({}),
  histograms: z.record(z.string(), histogram).catch({}),
  states: z
    .object({
      failing: z.array(z.string()).catch([]),
      waits: z.number().catch(0),
      cas: z.array(casReport).catch([]),
      pacing: pacing.nullable().catch(null),
    })
    .catch({ failing: [], waits: 0, cas: [], pacing: null }),
});

export type CasReport = z.output<typeof casReport>;
export type ProcessFigures = z.output<typeof figures>;

const NOTHING: ProcessFigures = {
  values: {},
  histograms: {},
  states: { failing: [], waits: 0, cas: [], pacing: null },
};

export function parseFigures(reported: unknown): ProcessFigures {
  return figures.safeParse(reported).data ?? NOTHING;
}

/** The sum of the values of a metric, over the values of its label. */
export function valueOf({ values }: ProcessFigures, metric: string): number {
  return Object.entries(values).reduce((sum, [name, value]) => (metricOf(name) === metric ? sum + value : sum), 0);
}

/** The largest value of a metric, over the values of its label; 0 if there is none. */
export function maxOf(figures: ProcessFigures, metric: string): number {
  return Math.max(0, ...valuesOf(figures, metric).map(([, value]) => value));
}

/** The pool of connections to the database. */
export interface PoolFigures {
  busy: number;
  idle: number;
  waiting: number;
  limit: number;
}

/** Null if the process does not report it: it is of an earlier release. */
export function poolOf(figures: ProcessFigures): PoolFigures | null {
  const limit = valueOf(figures, 'database_pool_limit');
  if (limit === 0) return null;
  const { busy = 0, idle = 0 } = Object.fromEntries(valuesOf(figures, 'database_pool_connections'));
  return { busy, idle, waiting: valueOf(figures, 'database_pool_waiting'), limit };
}

/** `cas_request_duration_seconds{ok}` → `cas_request_duration_seconds`. */
function metricOf(name: string): string {
  const brace = name.indexOf('{');
  return brace === -1 ? name : name.slice(0, brace);
}

/** The value of the label: `ok`. */
export function labelOf(name: string): string {
  const brace = name.indexOf('{');
  return brace === -1 ? '' : name.slice(brace + 1, -1);
}

/** The histograms of a metric with the value of their label. */
export function histogramsOf({ histograms }: ProcessFigures, metric: string): [label: string, HistogramFigure][] {
  return Object.entries(histograms).flatMap(([name, one]): [string, HistogramFigure][] =>
    metricOf(name) === metric ? [[labelOf(name), one]] : [],
  );
}

/** The values of a metric by the value of their label. */
export function valuesOf({ values }: ProcessFigures, metric: string): [label: string, number][] {
  return Object.entries(values).flatMap(([name, value]): [string, number][] =>
    metricOf(name) === metric ? [[labelOf(name), value]] : [],
  );
}
