import { CasClient } from '@app/cas-client';
import { DeadlineFailures } from '@app/entities';
import { FAILURE_CODES } from '@app/kernel';
import { Counter, Histogram, Metrics } from '@app/observability';
import { Injectable } from '@nestjs/common';

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/** Metrics of minting. */
@Injectable()
export class MintingMetrics {
  readonly timeToReady: Histogram;
  readonly jobWait: Histogram;
  readonly wasted: Counter;
  readonly failed: Counter<'code'>;

  constructor(cas: CasClient, deadlineFailures: DeadlineFailures, { registry }: Metrics) {
    const registers = [registry];
    this.timeToReady = new Histogram({
      name: 'time_to_ready_seconds',
      help: 'Time from the creation or last retry of a session until it is ready, in seconds; its count is the number of sessions published',
      buckets: SECONDS,
      registers,
    });
    this.jobWait = new Histogram({
      name: 'job_wait_seconds',
      help: 'Time from adding a mint-tokens job to its first run, in seconds',
      buckets: SECONDS,
      registers,
    });
    this.wasted = new Counter({
      name: 'wasted_mints_total',
      help: 'Tokens issued by CAS that were discarded instead of published',
      registers,
    });
    this.failed = new Counter({
      name: 'sessions_failed_total',
      help: 'Sessions that failed, by code: a gateway counts those that a request finds past their deadline, a worker all others',
      labelNames: ['code'],
      registers,
    });
    // Initialized to 0: a series that first appears at 1 shows no increase, so an alert would not fire.
    for (const code of FAILURE_CODES) this.failed.inc({ code }, 0);
    deadlineFailures.observe((code) => {
      this.failed.inc({ code });
    });
    const calls = new Histogram({
      name: 'cas_request_duration_seconds',
      help: 'Duration of calls to CAS by product, outcome (ok, or the code of the error) and endpoint, in seconds',
      labelNames: ['product', 'outcome', 'endpoint'],
      buckets: SECONDS,
      registers,
    });
    cas.observe(({ product, outcome, endpoint, seconds }) => {
      calls.observe({ product, outcome, endpoint }, seconds);
    });
  }
}
