import type { Log } from './log.js';

/** Within this time after a warning the same one is not repeated, however often the dependency comes and goes, in ms. */
const QUIET_MS = 10_000;

/**
 * Logs the availability of one dependency: one warning for each change of what is wrong, one line when it works again.
 * A dependency that fails now and then adds a few lines a minute, not one a call.
 */
export class OutageLog {
  /** What is wrong as last logged; undefined while it works. */
  private logged: string | undefined;
  private readonly warnedAt = new Map<string, number>();

  constructor(
    private readonly log: Pick<Log, 'warn'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** @param reason what is wrong, of which there are few: a code, a status */
  failed(reason: string, message: string, fields: Record<string, unknown> = {}): void {
    if (reason === this.logged) return;
    const now = this.now();
    if (now - (this.warnedAt.get(reason) ?? -Infinity) < QUIET_MS) return;
    this.warnedAt.set(reason, now);
    this.logged = reason;
    this.log.warn({ ...fields, reason }, message);
  }

  worked(message: string, fields: Record<string, unknown> = {}): void {
    if (this.logged === undefined) return;
    this.logged = undefined;
    this.log.warn(fields, message);
  }
}
