import { ConfigService, type SettingsService } from '@app/config';
import { Postgres } from '@app/connections';
import { describeCause, endpoint, sleep, StoreUnavailableError, withTimeout } from '@app/kernel';
import { InjectQueue } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { MINT_TOKENS, MINT_TOKENS_OPTIONS, type MintTokensPayload } from './mint-tokens.job.js';

/** Maximum jobs per queue command. */
const BATCH = 500;
/** Maximum hints buffered while the queue is unavailable; the sweeper enqueues the rest. */
const MAX_PENDING = 100_000;
const RETRY_AFTER_MS = 1000;

const COUNTED_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
export type QueueCounts = Record<(typeof COUNTED_STATES)[number], number>;

/**
 * The producer side of the queue. A job is only a hint to process a session: adding it twice is harmless, and a lost
 * one is added again by the sweeper. Requests therefore never wait for the queue: hints are buffered, added in batches,
 * and retried while the queue is unavailable.
 */
@Injectable()
export class MintTokensQueue implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log = new Logger(MintTokensQueue.name);
  private readonly stopping = new AbortController();
  /** Session ids to enqueue; true if a delayed job should run immediately. */
  private readonly pending = new Map<string, boolean>();
  private sending: Promise<void> | undefined;
  private available = true;

  constructor(
    @InjectQueue(MINT_TOKENS) private readonly queue: Queue<MintTokensPayload>,
    @Inject(ConfigService) private readonly config: SettingsService<'queue'>,
    private readonly postgres: Postgres,
  ) {}

  /** For logs and errors, without credentials. */
  get place(): string {
    const { redisUrl } = this.config.get('queue', { infer: true });
    return redisUrl === undefined ? this.postgres.place : `Redis at ${endpoint(redisUrl)}`;
  }

  onModuleInit(): void {
    // Logged once per outage: a broken connection can emit thousands of errors per second.
    this.queue.on('error', (error) => {
      this.setAvailable(false, error);
    });
  }

  /** Sends the buffered hints, with a single attempt. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.sending;
  }

  /** Enqueues a session. With `now`, a delayed job of the session runs immediately. */
  enqueue(sessionId: string, { now = false } = {}): void {
    if (this.pending.size >= MAX_PENDING) return;
    this.pending.set(sessionId, now || this.pending.get(sessionId) === true);
    this.sending ??= this.flush().finally(() => {
      this.sending = undefined;
    });
  }

  /** @throws StoreUnavailableError on timeout; the jobs may still be added later */
  async add(sessionIds: readonly string[]): Promise<void> {
    const jobs = sessionIds.map((sessionId) => ({
      name: MINT_TOKENS,
      data: { sessionId },
      opts: { ...MINT_TOKENS_OPTIONS, jobId: sessionId },
    }));
    await this.bounded(this.queue.addBulk(jobs));
  }

  /** The number of jobs by state. @throws StoreUnavailableError */
  async counts(): Promise<QueueCounts> {
    return (await this.bounded(this.queue.getJobCounts(...COUNTED_STATES))) as QueueCounts;
  }

  private async flush(): Promise<void> {
    // Deferred to the next turn of the event loop, so that hints of the same turn share a batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.pending.size > 0) {
      const batch = [...this.pending].slice(0, BATCH);
      for (const [id] of batch) this.pending.delete(id);
      try {
        await this.add(batch.map(([id]) => id));
        await Promise.all(batch.filter(([, now]) => now).map(([id]) => this.bounded(this.promote(id))));
      } catch {
        if (this.stopping.signal.aborted) return;
        for (const [id, now] of batch) this.pending.set(id, now || this.pending.get(id) === true);
        await sleep(RETRY_AFTER_MS, this.stopping.signal);
      }
    }
  }

  private async promote(sessionId: string): Promise<void> {
    const job = await this.queue.getJob(sessionId);
    if ((await job?.getState()) === 'delayed') await job?.promote();
  }

  /** BullMQ waits forever for an unavailable store; here every wait is bounded. */
  private async bounded<T>(work: Promise<T>): Promise<T> {
    const { addTimeoutMs } = this.config.get('queue', { infer: true });
    try {
      const result = await withTimeout(addTimeoutMs, work, () => new StoreUnavailableError('queue'));
      this.setAvailable(true);
      return result;
    } catch (error) {
      this.setAvailable(false, error);
      throw new StoreUnavailableError('queue', { cause: error });
    }
  }

  private setAvailable(available: boolean, error?: unknown): void {
    if (this.available === available) return;
    this.available = available;
    if (available) this.log.warn(`queue available again: ${this.place}`);
    else {
      const cause = describeCause(this.place, error);
      this.log.warn(`queue unavailable: ${cause}. Sessions are accepted and enqueued when it is back`);
    }
  }
}
