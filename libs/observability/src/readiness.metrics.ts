import { Injectable } from '@nestjs/common';
import { Health } from './health.js';
import { Gauge, Metrics } from './metrics.js';

/** The parts that readiness depends on, checked when the metrics are scraped: /readyz for alarms. */
@Injectable()
export class ReadinessMetrics {
  constructor({ registry }: Metrics, health: Health) {
    new Gauge({
      name: 'dependency_up',
      help: '1 while this process can do its work with the part (database, queue), as /readyz checks it, else 0',
      labelNames: ['part'],
      registers: [registry],
      async collect() {
        for (const [part, works] of await health.readyParts()) this.set({ part }, works ? 1 : 0);
      },
    });
  }
}
