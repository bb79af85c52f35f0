import type { SettingsService } from '@app/config';
import { StoreOutageLog } from '@app/connections';
import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import { MINT_TOKENS, mintTokensPayload } from './mint-tokens.job.js';
import { StallDetector } from './stall-detector.js';
import type { MintTokensQueue } from './mint-tokens.queue.js';
import { JobCancelledError, type JobResult, RetryLaterError } from './job-result.js';

/** Marks the processor of the queue. It starts only after the whole application has been initialized. */
export const MintTokensProcessor = (): ClassDecorator => Processor(MINT_TOKENS, { autorun: false });

/**
 * The consumer side of the queue: validates jobs, starts and stops the BullMQ worker, and translates job results for
 * BullMQ. Subclasses implement the run.
 */
export abstract class MintTokensProcessorBase extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly availability: StoreOutageLog;
  private readonly watch = new StallDetector();
  private running = 0;

  constructor(
    private readonly config: SettingsService<'mint'>,
    private readonly queue: MintTokensQueue,
  ) {
    super();
    const meanwhile = 'no jobs are taken until it is back';
    const log = new Logger('MintTokensProcessor');
    this.availability = new StoreOutageLog({ log, store: 'queue', place: () => queue.place, meanwhile });
  }

  /** One run for one session. `signal` aborts when the lock is lost, since another worker may have taken the job. */
  protected abstract run(sessionId: string, signal: AbortSignal | undefined): Promise<JobResult>;

  /** Must declare three parameters: BullMQ passes the signal only to a function that does. */
  override async process(job: Job, _token?: string, signal?: AbortSignal): Promise<void> {
    const payload = mintTokensPayload.safeParse(job.data);
    if (job.name !== MINT_TOKENS || !payload.success) throw new JobCancelledError('unknown-job');
    this.running++;
    try {
      settle(await this.run(payload.data.sessionId, signal));
    } finally {
      this.running--;
    }
  }

  onApplicationBootstrap(): void {
    const { worker } = this;
    worker.concurrency = this.config.get('mint', { infer: true }).concurrency;
    worker.on('lockRenewalFailed', (jobIds: string[]) => {
      for (const id of jobIds) worker.cancelJob(id);
    });
    worker.on('error', (error: Error & { code?: unknown }) => {
      // A number is BullMQ's code for a job that is not as it was, such as one with a lost lock.
      if (typeof error.code !== 'number') this.availability.failed(error);
    });
    worker.on('active', () => {
      this.availability.recovered();
    });
    for (const event of ['active', 'completed', 'failed'] as const) {
      worker.on(event, () => {
        this.watch.progressed();
      });
    }
    void worker.run();
  }

  /** Waits for running jobs, before the database connections are closed. */
  async onModuleDestroy(): Promise<void> {
    await this.worker.close();
  }

  /** Whether the worker loop is running and takes jobs. Counts as alive while the queue is unavailable. */
  async isAlive(): Promise<boolean> {
    if (!this.worker.isRunning()) return false;
    const counts = await this.queue.counts().catch(() => null);
    return counts === null || this.watch.isAlive(counts.waiting, this.running < this.worker.concurrency);
  }
}

function settle(outcome: JobResult): void {
  switch (outcome.kind) {
    case 'done':
      return;
    case 'retry':
      throw new RetryLaterError(outcome.afterMs);
    case 'cancel':
      throw new JobCancelledError(outcome.code);
  }
}
