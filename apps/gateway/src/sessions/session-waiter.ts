import { ConfigService, type SettingsService } from '@app/config';
import type { SessionRecord } from '@app/entities';
import { isSettled } from '@app/kernel';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { SessionWatcher } from './session-watcher.js';

/** Holds requests until their session is settled. */
@Injectable()
export class SessionWaiter implements OnModuleDestroy {
  /** Each ends one wait without a result. */
  private readonly waiting = new Set<() => void>();
  private closed = false;

  constructor(
    private readonly watcher: SessionWatcher,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
  ) {}

  /** Held requests are answered immediately with the current state. */
  onModuleDestroy(): void {
    this.closed = true;
    for (const giveUp of [...this.waiting]) giveUp();
  }

  /**
   * The session once it is settled, starting from the state `from`; null after `ms`, when `MAX_WAITS` is reached, or at
   * shutdown. Always returns in time, whatever is unavailable.
   */
  async waitUntilSettled(from: SessionRecord, ms: number): Promise<SessionRecord | null> {
    const { maxWaits } = this.config.get('http', { infer: true });
    if (this.closed || ms <= 0 || this.waiting.size >= maxWaits) return null;
    return new Promise((resolve) => {
      const settle = (session: SessionRecord | null): void => {
        clearTimeout(timer);
        unwatch();
        this.waiting.delete(giveUp);
        resolve(session);
      };
      const giveUp = (): void => {
        settle(null);
      };
      const timer = setTimeout(giveUp, ms);
      const unwatch = this.watcher.watch(from, (session) => {
        if (isSettled(session.status)) settle(session);
      });
      this.waiting.add(giveUp);
    });
  }
}
