import { ProcessesRepository } from '@app/entities';
import { type FigureSpec, Health, LOG, type Log, Metrics, POOL_FIGURES, ProcessReporter } from '@app/observability';
import type { FactoryProvider } from '@nestjs/common';
import { CasCondition } from './cas/cas-condition.js';
import { CasPacing } from './cas/cas-pacing.js';

/** Of this worker alone: gauges of shared state ask the database, which the console does itself. */
const FIGURES: readonly FigureSpec[] = [
  { metric: 'time_to_ready_seconds' },
  { metric: 'job_wait_seconds' },
  { metric: 'cas_request_duration_seconds', by: 'outcome' },
  { metric: 'breaker_state', by: 'endpoint' },
  { metric: 'wasted_mints_total' },
  { metric: 'sessions_failed_total', by: 'code' },
  { metric: 'webhook_attempt_duration_seconds', by: 'outcome', countOnly: true },
  { metric: 'clock_skew_seconds' },
  ...POOL_FIGURES,
];

/** Reports this worker to the console. */
export const workerReporter: FactoryProvider<ProcessReporter> = {
  provide: ProcessReporter,
  inject: [ProcessesRepository, Metrics, Health, CasCondition, CasPacing, LOG],
  useFactory: (
    store: ProcessesRepository,
    metrics: Metrics,
    health: Health,
    cas: CasCondition,
    pacing: CasPacing,
    log: Log,
  ) =>
    new ProcessReporter({
      kind: 'worker',
      store,
      metrics,
      log,
      figures: FIGURES,
      states: async () => ({
        failing: [...(await health.failingReady()), ...(await health.applyingNotices())],
        cas: cas.reports,
        pacing: pacing.report,
      }),
    }),
};
