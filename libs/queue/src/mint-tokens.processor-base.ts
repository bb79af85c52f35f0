import type { SettingsService } from '@app/config';
import { Processor, WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import { MINT_TOKENS, mintTokensPayload } from './mint-tokens.job.js';
import { StallDetector } from './stall-detector.js';
import type { MintTokensQueue } from './mint-tokens.queue.js';
import { JobCancelledError, type JobResult, RetryLaterError } from './job-result.js';

/** Marks the one processor of the queue. It starts when the whole application is up, not before. */
export const MintTokensProcessor = (): ClassDecorator => Processor(MINT_TOKENS, { autorun: false });

/**
 * The receiving end of the queue: parses what comes out, starts and stops the worker at the right time, and turns an
 * outcome into what BullMQ understands. Subclasses say what a run does.
 */
export abstract class MintTokensProcessorBase extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly log = new Logger('MintTokensProcessor');
  private readonly watch = new StallDetector();
  private erring = false;
  private running = 0;

  constructor(
    private readonly config: SettingsService<'mint'>,
    private readonly queue: MintTokensQueue,
  ) {
    super();
  }

  /** One run for one session. `signal` aborts when the lock is lost: somebody else may have taken over. */
  protected abstract run(sessionId: string, signal: AbortSignal | undefined): Promise<JobResult>;

  /** Three parameters, not fewer: BullMQ hands the signal only to a function that declares it. */
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
    // Once per change: cut connections report thousands of errors a second.
    worker.on('error', () => {
      if (!this.erring) this.log.warn('the queue does not answer this worker');
      this.erring = true;
    });
    worker.on('active', () => {
      if (this.erring) this.log.warn('the queue answers this worker again');
      this.erring = false;
    });
    for (const event of ['active', 'completed', 'failed'] as const) {
      worker.on(event, () => {
        this.watch.progressed();
      });
    }
    void worker.run();
  }

  /** Before the database closes: waits for running jobs. */
  async onModuleDestroy(): Promise<void> {
    await this.worker.close();
  }

  /** Whether the loop that takes jobs is running, and takes them. A queue that does not answer says nothing about it. */
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
