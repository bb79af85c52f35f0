import { ConfigService, type SettingsService } from '@app/config';
import { SWEEP_BATCH, SweepingRepository } from '@app/entities';
import { sleep, StoreUnavailableError } from '@app/kernel';
import { Health, LOG, type Log } from '@app/observability';
import { MintTokensQueue } from '@app/queue';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** A sweep that has not come round for this many intervals means that the loop is dead. */
const MISSED_ROUNDS = 20;

/**
 * Does what time alone decides: revives sessions that lost their job, expires what is over, fails what is past its
 * deadline, deletes what was kept long enough. Every worker sweeps; they skip each other's rows.
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

  /** One round. True: there was as much as a round takes, so there may be more. */
  async sweep(): Promise<boolean> {
    const moved = await this.sweeping.moveOverdue();
    const purged = await this.sweeping.purge(this.settings.retentionS);
    const due = await this.sweeping.takeDue();
    if (due.length > 0) await this.queue.add(due);
    await this.sweeping.purgeAudit(this.settings.auditRetentionS);
    const { expired, failed } = moved;
    if (expired + failed + due.length + purged.sessions > 0) {
      this.log.info({ expired, failed, revived: due.length, purged: purged.sessions }, 'swept');
    }
    return Math.max(expired, failed, due.length) >= SWEEP_BATCH;
  }

  private async keepSweeping(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      const more = await this.sweep().catch((err: unknown) => {
        // Away stores have said so already; the next round tries again.
        if (!(err instanceof StoreUnavailableError)) this.log.error({ err }, 'sweeping failed');
        return false;
      });
      this.lastRound = performance.now();
      // The rooms of one kick-off end together, and a token must be erased within 5 s of its end.
      if (!more) await sleep(this.settings.sweepEveryMs, this.stopping.signal);
    }
  }

  private get settings() {
    return this.config.get('mint', { infer: true });
  }
}
