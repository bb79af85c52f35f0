import { ConfigService, type SettingsService } from '@app/config';
import { type PendingCounts, SessionsRepository } from '@app/entities';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import type { Caller } from '../auth/caller.js';
import { shareOfCaller, shareOfKind } from '../auth/caller-quota.js';

/** Callers with fewer pending sessions are below every share. */
const LISTED_FROM = 10;
/** How often pending sessions are counted, in ms. */
const COUNT_EVERY_MS = 1000;

/**
 * Whether so many sessions are pending that a new one would wait too long: `MAX_PENDING` in all, and of these a share
 * for each caller and each kind of caller. Counted once a second: approximate, and free for requests. While the database
 * is unavailable the last count is used.
 */
@Injectable()
export class PendingLimit implements OnApplicationBootstrap, OnModuleDestroy {
  private counts: PendingCounts = { all: 0, byKind: { key: 0, user: 0, ticket: 0, anonymous: 0 }, largest: new Map() };
  private timer: NodeJS.Timeout | undefined;
  private counting = false;

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

  isReachedFor({ id, principal: { kind } }: Caller): boolean {
    const { all, byKind, largest } = this.counts;
    const { maxPending } = this.config.get('sessions', { infer: true });
    // Anonymous callers share one id: their addresses are limited by the rate of new rooms.
    const own = kind === 'anonymous' ? 0 : (largest.get(id) ?? 0);
    return all >= maxPending || byKind[kind] >= shareOfKind(kind, maxPending) || own >= shareOfCaller(kind, maxPending);
  }

  private async count(): Promise<void> {
    if (this.counting) return;
    this.counting = true;
    const { maxPending } = this.config.get('sessions', { infer: true });
    this.counts = await this.sessions.countPending(maxPending, LISTED_FROM).catch(() => this.counts);
    this.counting = false;
  }
}
