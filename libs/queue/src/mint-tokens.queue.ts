import { ConfigService, type SettingsService } from '@app/config';
import { sleep, StoreUnavailableError, withTimeout } from '@app/kernel';
import { InjectQueue } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { MINT_TOKENS, MINT_TOKENS_OPTIONS, type MintTokensPayload } from './mint-tokens.job.js';

/** Jobs that go to the queue in one command. */
const BATCH = 500;
/** Hints that are kept while the queue is away; the sweeper makes up for more. */
const MAX_PENDING = 100_000;
const RETRY_AFTER_MS = 1000;

const COUNTED_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
export type QueueCounts = Record<(typeof COUNTED_STATES)[number], number>;

/**
 * The sending end of the queue. A job is a hint that somebody should look at a session: adding it twice is harmless,
 * and one that is lost is added again by the sweeper. So a request does not wait for the queue: hints are collected and
 * added in batches, again and again while the queue is away.
 */
@Injectable()
export class MintTokensQueue implements OnModuleInit, BeforeApplicationShutdown {
  private readonly log = new Logger(MintTokensQueue.name);
  private readonly stopping = new AbortController();
  /** Ids to be queued; true: a job that waits for its next try shall run now. */
  private readonly pending = new Map<string, boolean>();
  private sending: Promise<void> | undefined;
  private away = false;

  constructor(
    @InjectQueue(MINT_TOKENS) private readonly queue: Queue<MintTokensPayload>,
    @Inject(ConfigService) private readonly config: SettingsService<'queue'>,
  ) {}

  onModuleInit(): void {
    // A connection that is cut makes the client report an error per event, thousands a second: one line per change.
    this.queue.on('error', () => {
      this.setAvailable(true);
    });
  }

  /** What was hinted at before is still sent, if the queue takes it now. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.sending;
  }

  /** Somebody should look at this session, soon. With `now` also if its job waits for its next try. */
  enqueue(sessionId: string, { now = false } = {}): void {
    if (this.pending.size >= MAX_PENDING) return;
    this.pending.set(sessionId, now || this.pending.get(sessionId) === true);
    this.sending ??= this.flush().finally(() => {
      this.sending = undefined;
    });
  }

  /** @throws StoreUnavailableError when the queue has not taken the jobs in time; it may still take them later */
  async add(sessionIds: readonly string[]): Promise<void> {
    const jobs = sessionIds.map((sessionId) => ({
      name: MINT_TOKENS,
      data: { sessionId },
      opts: { ...MINT_TOKENS_OPTIONS, jobId: sessionId },
    }));
    await this.bounded(this.queue.addBulk(jobs));
  }

  /** How many jobs are in which state. @throws StoreUnavailableError */
  async counts(): Promise<QueueCounts> {
    return (await this.bounded(this.queue.getJobCounts(...COUNTED_STATES))) as QueueCounts;
  }

  private async flush(): Promise<void> {
    // Once round the event loop, so that what comes in together goes out together.
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

  /** BullMQ waits for ever for a store that is away; here every wait has an end. */
  private async bounded<T>(work: Promise<T>): Promise<T> {
    const { addTimeoutMs } = this.config.get('queue', { infer: true });
    try {
      const result = await withTimeout(addTimeoutMs, work, () => new StoreUnavailableError('queue'));
      this.setAvailable(false);
      return result;
    } catch (error) {
      this.setAvailable(true);
      throw new StoreUnavailableError('queue', { cause: error });
    }
  }

  private setAvailable(away: boolean): void {
    if (this.away === away) return;
    this.away = away;
    if (away) this.log.warn('the queue does not answer: sessions are accepted and queued later');
    else this.log.warn('the queue answers again');
  }
}
