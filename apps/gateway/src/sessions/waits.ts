import { ConfigService, type SettingsService } from '@app/config';
import { type SessionRecord, SessionsRepository } from '@app/entities';
import { SessionEvents, type SessionEventsListener } from '@app/events';
import { isSettled } from '@app/kernel';
import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';

/** The net under the events: everything that is waited for is read again this often, in ms. */
const REREAD_EVERY_MS = 1000;
const READ_AT_ONCE = 1000;

type Settle = (session: SessionRecord | null) => void;

/**
 * Requests that wait for a session to be settled. Events and the net only mark ids; marked ids are read in batches, one
 * statement at a time, and whoever waits for a settled one is given what was read.
 */
@Injectable()
export class Waits implements SessionEventsListener, OnApplicationBootstrap, OnModuleDestroy {
  private readonly waiting = new Map<string, Set<Settle>>();
  private readonly marked = new Set<string>();
  private count = 0;
  private reading = false;
  private closed = false;
  private net: NodeJS.Timeout | undefined;

  constructor(
    private readonly sessions: SessionsRepository,
    @Inject(ConfigService) private readonly config: SettingsService<'http'>,
    events: SessionEvents,
  ) {
    events.subscribe(this);
  }

  onApplicationBootstrap(): void {
    this.net = setInterval(() => {
      this.missed();
    }, REREAD_EVERY_MS);
  }

  /** Held requests are answered at once with the state they have. */
  onModuleDestroy(): void {
    this.closed = true;
    clearInterval(this.net);
    for (const settle of [...this.waiting.values()].flatMap((set) => [...set])) settle(null);
  }

  /**
   * The settled session, or null when `ms` are over, when too many wait already, or at shutdown. Whatever is down, it
   * answers in time.
   */
  async settled(id: string, ms: number): Promise<SessionRecord | null> {
    if (this.closed || ms <= 0 || this.count >= this.config.get('http', { infer: true }).maxWaits) return null;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        settle(null);
      }, ms);
      const settle: Settle = (session) => {
        clearTimeout(timer);
        this.remove(id, settle);
        resolve(session);
      };
      this.add(id, settle);
      // What happened between the caller's look and this registration was told to nobody: look once more.
      this.mark(id);
    });
  }

  changed(ids: readonly string[]): void {
    for (const id of ids) if (this.waiting.has(id)) this.mark(id);
  }

  missed(): void {
    for (const id of this.waiting.keys()) this.mark(id);
  }

  private add(id: string, settle: Settle): void {
    const set = this.waiting.get(id) ?? new Set();
    this.waiting.set(id, set.add(settle));
    this.count++;
  }

  private remove(id: string, settle: Settle): void {
    const set = this.waiting.get(id);
    if (set?.delete(settle) === true) this.count--;
    if (set?.size === 0) this.waiting.delete(id);
  }

  private mark(id: string): void {
    this.marked.add(id);
    if (!this.reading) {
      this.reading = true;
      // After this turn of the loop, so that what is marked together is read together.
      setImmediate(() => void this.readMarked());
    }
  }

  private async readMarked(): Promise<void> {
    while (this.marked.size > 0) {
      const ids = [...this.marked].slice(0, READ_AT_ONCE);
      for (const id of ids) this.marked.delete(id);
      // A failed read is made up for by the net.
      const sessions = await this.sessions.findMany(ids).catch(() => []);
      for (const session of sessions.filter(({ status }) => isSettled(status))) {
        for (const settle of [...(this.waiting.get(session.id) ?? [])]) settle(session);
      }
    }
    this.reading = false;
  }
}
