import { ConfigService, type SettingsService } from '@app/config';
import { StoreUnavailableError } from '@app/kernel';
import { Health, LOG, type Log } from '@app/observability';
import {
  MINT_TOKENS,
  MintTokensProcessor,
  MintTokensProcessorBase,
  MintTokensQueue,
  type JobResult,
  type PriorRuns,
} from '@app/queue';
import { Inject } from '@nestjs/common';
import { CasPacing } from '../cas/cas-pacing.js';
import { JobsMetrics } from '../jobs/jobs.metrics.js';
import { MintTokensHandler } from './mint-tokens.handler.js';
import { MintingMetrics } from './minting.metrics.js';

/** Delay of a job while the database or the queue is unavailable, in ms. */
const STORE_AWAY_WAIT_MS = 1000;

/** Processes `mint-tokens` jobs: passes each to the handler and settles it. */
@MintTokensProcessor()
export class MintTokensJobs extends MintTokensProcessorBase {
  constructor(
    @Inject(ConfigService) config: SettingsService<'mint'>,
    @Inject(LOG) private readonly jobLog: Log,
    private readonly handler: MintTokensHandler,
    private readonly minting: MintingMetrics,
    private readonly pacing: CasPacing,
    queue: MintTokensQueue,
    private readonly metrics: JobsMetrics,
    health: Health,
  ) {
    super(config, queue);
    health.registerLive('worker-loop', () => this.isAlive());
  }

  /** Running jobs end within the time of a call: those that wait for their turn are not waited for. */
  override async onModuleDestroy(): Promise<void> {
    this.pacing.stop();
    await super.onModuleDestroy();
  }

  protected override firstRun(waitedMs: number): void {
    this.minting.jobWait.observe(waitedMs / 1000);
  }

  protected override onUnknownJob(): void {
    super.onUnknownJob();
    this.metrics.recordUnknown(MINT_TOKENS);
  }

  protected override async run(
    sessionId: string,
    signal: AbortSignal | undefined,
    prior: PriorRuns,
  ): Promise<JobResult> {
    try {
      return await this.handler.mint(sessionId, prior, signal);
    } catch (err) {
      const storeUnavailable = err instanceof StoreUnavailableError;
      if (!storeUnavailable)
        this.jobLog.error({ sessionId, err }, 'job failed with an unexpected error, will be retried');
      return { kind: 'retry', afterMs: STORE_AWAY_WAIT_MS, storeUnavailable };
    }
  }
}
