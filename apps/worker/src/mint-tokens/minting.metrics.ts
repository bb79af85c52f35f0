import { CasClient } from '@app/cas-client';
import { TERMINAL_FAILURES } from '@app/kernel';
import { Counter, Histogram, Metrics } from '@app/observability';
import { Injectable } from '@nestjs/common';

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];

/** What minting counts and times. */
@Injectable()
export class MintingMetrics {
  readonly timeToReady: Histogram;
  readonly wasted: Counter;
  readonly failed: Counter<'code'>;

  constructor(cas: CasClient, { registry }: Metrics) {
    const registers = [registry];
    this.timeToReady = new Histogram({
      name: 'time_to_ready_seconds',
      help: 'From the creation of a session to its being ready',
      buckets: SECONDS,
      registers,
    });
    this.wasted = new Counter({
      name: 'wasted_mints_total',
      help: 'Tokens that CAS issued and nobody was ever shown',
      registers,
    });
    this.failed = new Counter({
      name: 'sessions_failed_total',
      help: 'Sessions that CAS refused for good; cas-credentials-rejected is an alarm',
      labelNames: ['code'],
      registers,
    });
    // There from the start: a counter that appears with its first failure has not risen, and no alarm rings.
    for (const code of TERMINAL_FAILURES) this.failed.inc({ code }, 0);
    const calls = new Histogram({
      name: 'cas_request_duration_seconds',
      help: 'Calls to CAS by product and outcome',
      labelNames: ['product', 'outcome'],
      buckets: SECONDS,
      registers,
    });
    cas.observe(({ product, outcome, seconds }) => {
      calls.observe({ product, outcome }, seconds);
    });
  }
}
