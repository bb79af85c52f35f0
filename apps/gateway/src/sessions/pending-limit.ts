import { ConfigService, type SettingsService } from '@app/config';
import { SessionsRepository } from '@app/entities';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

const COUNT_EVERY_MS = 1000;

/**
 * Whether `MAX_PENDING` sessions are pending, so that a new one would wait too long. Counted once
 * a second: approximate, and free for requests. While the database is unavailable the last count is used.
 */
@Injectable()
export class PendingLimit implements OnApplicationBootstrap, OnModuleDestroy {
  isReached = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sessions: SessionsRepository,
    @Inject(ConfigService) private readonly config: SettingsService<'sessions'>,
  ) {}

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => void this.count(), COUNT_EVERY_MS);
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  private async count(): Promise<void> {
    const { maxPending } = this.config.get('sessions', { infer: true });
    const pending = await this.sessions.countPending(maxPending).catch(() => null);
    if (pending !== null) this.isReached = pending >= maxPending;
  }
}
