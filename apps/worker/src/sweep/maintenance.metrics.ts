import { Counter, Gauge, Metrics } from '@app/observability';
import { Injectable } from '@nestjs/common';

/** Metrics of the chores of this worker. */
@Injectable()
export class MaintenanceMetrics {
  private readonly runs: Counter<'chore' | 'outcome'>;
  private readonly lastSuccess: Gauge<'chore'>;

  constructor({ registry }: Metrics) {
    this.runs = new Counter({
      name: 'maintenance_runs_total',
      help: 'Batches of maintenance, by chore and outcome (ok, failed)',
      labelNames: ['chore', 'outcome'],
      registers: [registry],
    });
    this.lastSuccess = new Gauge({
      name: 'maintenance_last_success_seconds',
      help: 'Time of the last successful batch of this worker, by chore, in seconds since 1970; 0 before the first one',
      labelNames: ['chore'],
      registers: [registry],
    });
  }

  /** Starts the series of a chore at 0, so that its first failure is a rise. */
  initialize(chore: string): void {
    for (const outcome of ['ok', 'failed']) this.runs.inc({ chore, outcome }, 0);
    this.lastSuccess.set({ chore }, 0);
  }

  record(chore: string, outcome: 'ok' | 'failed'): void {
    this.runs.inc({ chore, outcome });
    if (outcome === 'ok') this.lastSuccess.set({ chore }, Date.now() / 1000);
  }
}
