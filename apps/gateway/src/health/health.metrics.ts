import { ClockSkewMonitor, Database } from '@app/entities';
import { SessionEvents } from '@app/events';
import { Gauge, Metrics, registerPoolGauges } from '@app/observability';
import { Injectable } from '@nestjs/common';

/** What this gateway depends on, measured when the metrics are scraped. */
@Injectable()
export class HealthMetrics {
  constructor(metrics: Metrics, events: SessionEvents, clock: ClockSkewMonitor, database: Database) {
    const { registry } = metrics;
    registerPoolGauges(metrics, () => database.poolCounts);
    new Gauge({
      name: 'listen_up',
      help: '1 while session events are received, else 0: held requests are then answered up to a second later',
      registers: [registry],
      collect() {
        this.set(events.isUp ? 1 : 0);
      },
    });
    new Gauge({
      name: 'clock_skew_seconds',
      help: 'Seconds by which the clock of this process is ahead of the database; negative if behind',
      registers: [registry],
      collect() {
        this.set(clock.skewS);
      },
    });
  }
}
