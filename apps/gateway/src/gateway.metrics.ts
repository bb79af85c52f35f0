import { ClockSkewMonitor } from '@app/entities';
import { SessionEvents } from '@app/events';
import { Counter, Gauge, Histogram, Metrics } from '@app/observability';
import { Injectable } from '@nestjs/common';
import { SseHub } from './sse/sse-hub.js';

@Injectable()
export class GatewayMetrics {
  readonly requests: Histogram<'route' | 'status'>;
  readonly unknownSealingKeys: Counter;

  constructor({ registry }: Metrics, events: SessionEvents, clock: ClockSkewMonitor, streams: SseHub) {
    const registers = [registry];
    this.requests = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Requests by route pattern and status; held ones include their wait',
      labelNames: ['route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    });
    this.unknownSealingKeys = new Counter({
      name: 'unknown_sealing_keys_total',
      help: 'Requests refused because the key that sealed a token is not in the ring of this process',
      registers,
    });
    new Gauge({
      name: 'listen_up',
      help: '1 while session events come in, else 0',
      registers,
      collect() {
        this.set(events.isUp ? 1 : 0);
      },
    });
    new Gauge({
      name: 'sse_connections',
      help: 'Event streams that this gateway holds',
      registers,
      collect() {
        this.set(streams.count);
      },
    });
    new Gauge({
      name: 'clock_skew_seconds',
      help: 'How far the clock of this process is ahead of the database',
      registers,
      collect() {
        this.set(clock.skewS);
      },
    });
  }
}
