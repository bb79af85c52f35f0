import { describeCause } from '@app/kernel';
import { Logger } from '@nestjs/common';

/** A cause that lasts is repeated this often, in ms. */
const REPEAT_EVERY_MS = 60_000;
/** The outage is over when this long nothing has failed, in ms: a missing right fails some statements and not others. */
const QUIET_MS = 5000;

/** Tells operators why the database cannot be used, once per cause, however many requests fail because of it. */
export class OutageLog {
  private readonly log = new Logger('Database');
  private cause = '';
  private loggedAt = -Infinity;
  private failedAt = -Infinity;

  /** @param place of the database, for the log */
  constructor(private readonly place: () => string) {}

  failed(error: unknown): void {
    const now = performance.now();
    const cause = describeCause(this.place(), error);
    this.failedAt = now;
    if (cause === this.cause && now - this.loggedAt < REPEAT_EVERY_MS) return;
    this.cause = cause;
    this.loggedAt = now;
    this.log.warn(`database unavailable: ${cause}. Requests that need it are answered with 503`);
  }

  succeeded(): void {
    if (this.cause === '' || performance.now() - this.failedAt < QUIET_MS) return;
    this.cause = '';
    this.log.warn(`database available again: ${this.place()}`);
  }
}
