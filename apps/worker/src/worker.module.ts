import { CasClientModule } from '@app/cas-client';
import { SettingsModule, type WorkerSettings } from '@app/config';
import { Database, EntitiesModule } from '@app/entities';
import { Health, type Log, ObservabilityModule } from '@app/observability';
import { MintTokensQueue, QueueModule } from '@app/queue';
import { SealingModule } from '@app/sealing';
import { type DynamicModule, Module } from '@nestjs/common';
import { CasCircuitBreaker } from './mint-tokens/cas-circuit-breaker.js';
import { MintTokensHandler } from './mint-tokens/mint-tokens.handler.js';
import { MintTokensJobs } from './mint-tokens/mint-tokens.processor.js';
import { MintingMetrics } from './mint-tokens/minting.metrics.js';
import { Sweeper } from './sweep/sweeper.js';
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
        EntitiesModule,
        QueueModule.with(settings.queue, settings.database.url),
        SealingModule,
        CasClientModule,
      ],
      providers: [MintTokensJobs, MintTokensHandler, CasCircuitBreaker, MintingMetrics, WorkerMetrics, Sweeper],
    };
  }

  constructor(health: Health, database: Database, queue: MintTokensQueue) {
    health.registerReady('database', async () => (await database.query('SELECT 1')).length === 1);
    health.registerReady('queue', async () => {
      await queue.assertUsable();
      return true;
    });
  }
}
