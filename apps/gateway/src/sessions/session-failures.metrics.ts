import { DeadlineFailures } from '@app/entities';
import { RETRYABLE_FAILURES } from '@app/kernel';
import { Counter, Metrics } from '@app/observability';
import { Injectable } from '@nestjs/common';

/** Counts sessions that a request found past their deadline, before a worker had failed them. */
@Injectable()
export class SessionFailuresMetrics {
  constructor(deadlineFailures: DeadlineFailures, { registry }: Metrics) {
    const failed = new Counter({
      name: 'sessions_failed_total',
      help: 'Sessions that failed, by code: a gateway counts those that a request finds past their deadline, a worker all others',
      labelNames: ['code'],
      registers: [registry],
    });
    for (const code of RETRYABLE_FAILURES) failed.inc({ code }, 0);
    deadlineFailures.observe((code) => {
      failed.inc({ code });
    });
  }
}
