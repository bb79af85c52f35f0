import { ConfigService, type SettingsService } from '@app/config';
import { SWEEP_BATCH, SweepingRepository } from '@app/entities';
import { sleep, StoreUnavailableError } from '@app/kernel';
import { Health, LOG, type Log } from '@app/observability';
import { MintTokensQueue } from '@app/queue';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** After this many intervals without a completed round the loop counts as stalled. */
const MISSED_ROUNDS = 20;

/**
 * Time-driven work: re-enqueues sessions that have lost their job, expires sessions, fails those past their deadline,
 * and deletes rows past their retention. Every worker sweeps; concurrent sweepers skip each other's rows.
 */
@Injectable()
export class Sweeper implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  private lastRound = performance.now();

  constructor(
    private readonly sweeping: SweepingRepository,
    private readonly queue: MintTokensQueue,
    @Inject(ConfigService) private readonly config: SettingsService<'mint'>,
    @Inject(LOG) private readonly log: Log,
    health: Health,
  ) {
    health.registerLive(
      'sweeper',
      () => performance.now() - this.lastRound < this.settings.sweepEveryMs * MISSED_ROUNDS + 10_000,
    );
  }

  onApplicationBootstrap(): void {
    this.loop = this.keepSweeping();
  }

  async onModuleDestroy(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  /** One round. Returns true if a batch was full, so there may be more work. */
  async sweep(): Promise<boolean> {
    const moved = await this.sweeping.moveOverdue();
    const purged = await this.sweeping.purge(this.settings.retentionS);
    const due = await this.sweeping.takeDue();
    if (due.length > 0) await this.queue.add(due);
    await this.sweeping.purgeAudit(this.settings.auditRetentionS);
    const { expired, failed } = moved;
    if (expired + failed + due.length + purged.sessions > 0) {
      this.log.info({ expired, failed, revived: due.length, purged: purged.sessions }, 'sweep done');
    }
    return Math.max(expired, failed, due.length) >= SWEEP_BATCH;
  }

  private async keepSweeping(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const more = await this.sweep().catch((err: unknown) => {
        // An unavailable store has already been logged; the next round tries again.
        if (!(err instanceof StoreUnavailableError))
          this.log.error({ err }, 'sweep failed, will be retried in the next round');
        return false;
      });
      this.lastRound = performance.now();
      // Many sessions can expire together, and their tokens must be erased within 5 s.
      if (!more) await sleep(this.settings.sweepEveryMs, this.stopping.signal);
    }
  }

  private get settings() {
    return this.config.get('mint', { infer: true });
  }
}
