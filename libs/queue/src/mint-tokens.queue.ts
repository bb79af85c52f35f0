import { ConfigService, type SettingsService } from '@app/config';
import { StoreUnavailable, within } from '@app/kernel';
import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { MINT_TOKENS, MINT_TOKENS_OPTIONS, type MintTokensPayload } from './mint-tokens.job.js';

/** After a failed add, further adds are refused at once for this long, so that requests stay fast while Redis is away. */
const LEAVE_ALONE_MS = 1000;

const COUNTED_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
export type QueueCounts = Record<(typeof COUNTED_STATES)[number], number>;

/**
 * The sending end of the queue. A job is a hint that somebody should look at a session: adding it twice is harmless,
 * and one that is lost is added again by the sweeper.
 */
@Injectable()
export class MintTokensQueue implements OnModuleInit {
  private readonly log = new Logger(MintTokensQueue.name);
  private leaveAloneUntil = 0;
  private away = false;

  constructor(
    @InjectQueue(MINT_TOKENS) private readonly queue: Queue<MintTokensPayload>,
    @Inject(ConfigService) private readonly config: SettingsService<'queue'>,
  ) {}

  onModuleInit(): void {
    // A connection that is cut makes the client report an error per event, thousands a second: one line per change.
    this.queue.on('error', () => {
      this.noteAway(true);
    });
  }

  /** @throws StoreUnavailable when the queue has not taken the jobs in time; it may still take them later */
  async add(sessionIds: readonly string[]): Promise<void> {
    const jobs = sessionIds.map((sessionId) => ({
      name: MINT_TOKENS,
      data: { sessionId },
      opts: { ...MINT_TOKENS_OPTIONS, jobId: sessionId },
    }));
    await this.bounded(() => this.queue.addBulk(jobs));
  }

  /** Lets a job that waits for its next try run now, if there is one. */
  async wake(sessionId: string): Promise<void> {
    await this.bounded(async () => {
      const job = await this.queue.getJob(sessionId);
      if ((await job?.getState()) === 'delayed') await job?.promote();
    });
  }

  /** How many jobs are in which state. */
  async counts(): Promise<QueueCounts> {
    return (await this.bounded(() => this.queue.getJobCounts(...COUNTED_STATES))) as QueueCounts;
  }

  private async bounded<T>(work: () => Promise<T>): Promise<T> {
    if (performance.now() < this.leaveAloneUntil) throw new StoreUnavailable('queue');
    const { addTimeoutMs } = this.config.get('queue', { infer: true });
    try {
      const result = await within(addTimeoutMs, work(), () => new StoreUnavailable('queue'));
      this.noteAway(false);
      return result;
    } catch (error) {
      this.leaveAloneUntil = performance.now() + LEAVE_ALONE_MS;
      this.noteAway(true);
      throw new StoreUnavailable('queue', { cause: error });
    }
  }

  private noteAway(away: boolean): void {
    if (this.away === away) return;
    this.away = away;
    if (away) this.log.warn('the queue does not answer: sessions are accepted, the sweeper will queue them');
    else this.log.warn('the queue answers again');
  }
}
