import { StoreOutageLog } from '@app/connections';
import { tracing } from '@app/tracing';
import { WorkerHost } from '@nestjs/bullmq';
import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Job } from 'bullmq';
import type { z } from 'zod';
import { JobCancelledError, type JobResult, type PriorRuns, priorRuns, RetryLaterError } from './job-result.js';
import { StallDetector } from './stall-detector.js';

export interface ProcessorOptions {
  /** Of the queue and of its only job. */
  name: string;
  /** Takes the id out of the data of a job. */
  id: z.ZodType<string>;
  /** Jobs that are processed at one time. */
  concurrency: () => number;
  queue: { readonly place: string; counts(): Promise<{ waiting: number }>; isPaused?(): Promise<boolean> };
  /** Whether a run is a span, below the one that sent the job. */
  traced?: boolean;
}

/**
 * The consumer side of a queue: validates jobs, starts and stops the BullMQ worker, and translates job results for
 * BullMQ. Subclasses implement the run. The worker starts only after the whole application has been initialized.
 */
export abstract class ProcessorBase extends WorkerHost implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly availability: StoreOutageLog;
  private readonly log = new Logger('Processor');
  private readonly watch = new StallDetector();
  private running = 0;

  constructor(private readonly options: ProcessorOptions) {
    super();
    const { queue, name } = options;
    const meanwhile = `no ${name} jobs are taken until it is back`;
    this.availability = new StoreOutageLog({ log: this.log, store: 'queue', place: () => queue.place, meanwhile });
  }

  /** One run of one job. `signal` aborts when the lock is lost, since another worker may have taken the job. */
  protected abstract run(id: string, signal: AbortSignal | undefined, prior: PriorRuns): Promise<JobResult>;

  /** Told how long a job has waited for its first run, in ms. */
  protected firstRun(_waitedMs: number): void {
    // For subclasses that measure it.
  }

  /** Called for each job that is dropped because it is not one of this queue. */
  protected onUnknownJob(): void {
    this.log.warn(`a job of ${this.options.name} was dropped: its name or its data is not of this release`);
  }

  /** Must declare three parameters: BullMQ passes the signal only to a function that does. */
  override async process(job: Job, _token?: string, signal?: AbortSignal): Promise<void> {
    const id = this.options.id.safeParse(job.data);
    if (job.name !== this.options.name || !id.success) {
      this.onUnknownJob();
      throw new JobCancelledError('unknown-job');
    }
    // By two clocks, if the job was added elsewhere: it is not negative then.
    if (job.attemptsMade === 0) this.firstRun(Math.max(0, Date.now() - job.timestamp));
    this.running++;
    try {
      settle(await this.runTraced(job, id.data, signal));
    } finally {
      this.running--;
    }
  }

  private runTraced(job: Job, id: string, signal: AbortSignal | undefined): Promise<JobResult> {
    const traces = this.options.traced === true ? tracing() : null;
    const run = () => this.run(id, signal, priorRuns(job));
    if (traces === null) return run();
    const attributes = { 'watchtogether.session.id': id, 'watchtogether.attempt': job.attemptsStarted };
    return traces.processJob(job.opts.telemetry?.metadata, attributes, async (span) => {
      const result = await run();
      span.setAttribute('watchtogether.outcome', result.kind);
      return result;
    });
  }

  onApplicationBootstrap(): void {
    const { worker } = this;
    worker.concurrency = this.options.concurrency();
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

  /** Whether the worker loop is running and takes jobs. Counts as alive while the queue is unavailable or paused. */
  async isAlive(): Promise<boolean> {
    if (!this.worker.isRunning()) return false;
    const { queue } = this.options;
    if ((await queue.isPaused?.().catch(() => false)) === true) {
      this.watch.progressed();
      return true;
    }
    const counts = await queue.counts().catch(() => null);
    return counts === null || this.watch.isAlive(counts.waiting, this.running < this.worker.concurrency);
  }
}

function settle(outcome: JobResult): void {
  switch (outcome.kind) {
    case 'done':
      return;
    case 'retry':
      throw new RetryLaterError(outcome.afterMs, outcome.storeUnavailable);
    case 'cancel':
      throw new JobCancelledError(outcome.code);
  }
}
