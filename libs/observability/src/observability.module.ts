import { type DynamicModule, Global, Module } from '@nestjs/common';
import { Health } from './health.js';
import { LOG, type Log } from './log.js';
import { Metrics } from './metrics.js';
import { OpsServer } from './ops-server.js';
import { ReadinessMetrics } from './readiness.metrics.js';

/** Provides log, health and metrics to every module; with `opsPort` it also starts the ops server. */
@Global()
@Module({})
export class ObservabilityModule {
  static with(log: Log, { opsPort }: { opsPort: boolean }): DynamicModule {
    return {
      module: ObservabilityModule,
      providers: [{ provide: LOG, useValue: log }, Health, Metrics, ...(opsPort ? [ReadinessMetrics, OpsServer] : [])],
      exports: [LOG, Health, Metrics, ...(opsPort ? [OpsServer] : [])],
    };
  }
}
