import { CasClientModule } from '@app/cas-client';
import { SettingsModule, type WorkerSettings } from '@app/config';
import { ConnectionsModule, Postgres } from '@app/connections';
import { Database, EntitiesModule } from '@app/entities';
import { Health, type Log, ObservabilityModule } from '@app/observability';
import { MintTokensQueue, QueueModule } from '@app/queue';
import { SealingModule } from '@app/sealing';
import { TraceExportModule } from '@app/trace-export';
import { type DynamicModule, Module } from '@nestjs/common';
import { CasCircuits } from './cas/cas-circuits.js';
import { CasCondition } from './cas/cas-condition.js';
import { CasPacing } from './cas/cas-pacing.js';
import { CasFailover } from './cas/cas-failover.js';
import { JobsModule } from './jobs/jobs.module.js';
import { MintTokensHandler } from './mint-tokens/mint-tokens.handler.js';
import { MintTokensJobs } from './mint-tokens/mint-tokens.processor.js';
import { MintingMetrics } from './mint-tokens/minting.metrics.js';
import { PoolMetrics } from './pool/pool.metrics.js';
import { PoolRefill } from './pool/pool-refill.js';
import { SetMinter } from './pool/mint-set.js';
import { workerReporter } from './worker-reporter.js';
import { MaintenanceMetrics } from './sweep/maintenance.metrics.js';
import { Sweeper } from './sweep/sweeper.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';
import { WorkerMetrics } from './worker.metrics.js';

/** The worker: processes jobs and updates rows. Serves no clients. */
@Module({})
export class WorkerModule {
  static async with(settings: WorkerSettings, log: Log): Promise<DynamicModule> {
    return {
      module: WorkerModule,
      imports: [
        await SettingsModule.with(settings),
        ObservabilityModule.with(log, { opsPort: true }),
        TraceExportModule.with(settings),
        ConnectionsModule,
        EntitiesModule,
        QueueModule.with(settings.queue),
        SealingModule,
        CasClientModule,
        JobsModule,
        WebhooksModule.register(),
      ],
      providers: [
        MintTokensJobs,
        MintTokensHandler,
        CasCircuits,
        CasFailover,
        CasPacing,
        MintingMetrics,
        WorkerMetrics,
        MaintenanceMetrics,
        Sweeper,
        SetMinter,
        PoolMetrics,
        PoolRefill,
        CasCondition,
        workerReporter,
      ],
    };
  }

  constructor(health: Health, database: Database, postgres: Postgres, queue: MintTokensQueue) {
    health.registerReady('database', { check: () => database.assertUsable(), place: () => postgres.place });
    health.registerReady('queue', { check: () => queue.assertUsable(), place: () => queue.place });
    health.registerNotice('queue-paused', () => queue.isPaused());
  }
}
