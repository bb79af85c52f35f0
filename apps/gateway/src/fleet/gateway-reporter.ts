import { ProcessesRepository } from '@app/entities';
import { type FigureSpec, LOG, type Log, Metrics, POOL_FIGURES, ProcessReporter } from '@app/observability';
import type { FactoryProvider } from '@nestjs/common';
import { SessionWaiter } from '../sessions/session-waiter.js';

const FIGURES: readonly FigureSpec[] = [
  { metric: 'sessions_opened_total' },
  { metric: 'sessions_failed_total', by: 'code' },
  { metric: 'http_request_duration_seconds', by: 'status', countOnly: true },
  { metric: 'sse_connections' },
  { metric: 'listen_up' },
  { metric: 'clock_skew_seconds' },
  ...POOL_FIGURES,
  { metric: 'audit_dropped_total' },
];

/** Reports this gateway to the console. */
export const gatewayReporter: FactoryProvider<ProcessReporter> = {
  provide: ProcessReporter,
  inject: [ProcessesRepository, Metrics, SessionWaiter, LOG],
  useFactory: (store: ProcessesRepository, metrics: Metrics, waiter: SessionWaiter, log: Log) =>
    new ProcessReporter({
      kind: 'gateway',
      store,
      metrics,
      log,
      figures: FIGURES,
      states: () => ({ waits: waiter.count }),
    }),
};
