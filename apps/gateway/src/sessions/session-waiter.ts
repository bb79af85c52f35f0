import { ConfigService, type SettingsService } from '@app/config';
import type { SessionRecord } from '@app/entities';
import { isSettled } from '@app/kernel';
import { Inject, Injectable, type OnModuleDestroy } from '@nestjs/common';
import { SessionWatcher } from './session-watcher.js';

/** Requests that wait for a session to be settled. */
@Injectable()
export class SessionWaiter implements OnModuleDestroy {
  /** Ends a wait without an answer. */
  private readonly waiting = new Set<() => void>();
  private closed = false;

  constructor(
    private readonly watcher: SessionWatcher,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
  ) {}

  /** Held requests are answered at once with the state they have. */
  onModuleDestroy(): void {
    this.closed = true;
    for (const giveUp of [...this.waiting]) giveUp();
  }

  /**
   * The session once it has settled, `from` the state that the caller has, or null when `ms` are over, when too many wait already, or at shutdown. Whatever is down, it
   * answers in time.
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
