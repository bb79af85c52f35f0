import { ClockSkewMonitor } from '@app/entities';
import { SessionEvents } from '@app/events';
import { Gauge, Metrics } from '@app/observability';
import { Injectable } from '@nestjs/common';

/** What this gateway depends on, measured when the metrics are scraped. */
@Injectable()
export class HealthMetrics {
  constructor({ registry }: Metrics, events: SessionEvents, clock: ClockSkewMonitor) {
    new Gauge({
      name: 'listen_up',
      help: '1 while session events come in, else 0',
      registers: [registry],
      collect() {
        this.set(events.isUp ? 1 : 0);
      },
    });
    new Gauge({
      name: 'clock_skew_seconds',
      help: 'How far the clock of this process is ahead of the database',
      registers: [registry],
      collect() {
        this.set(clock.skewS);
      },
    });
  }
}
