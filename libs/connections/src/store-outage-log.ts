import { type CauseKind, classifyCause, describeCause } from '@app/kernel';
import type { Logger } from '@nestjs/common';

/** Causes that say nothing more once another is known. */
const VAGUE: readonly CauseKind[] = ['timeout', 'reset', 'unknown'];

export interface StoreOutageLogOptions {
  log: Logger;
  store: 'database' | 'queue';
  /** Its address without credentials. */
  place: () => string;
  /** What happens while it is unavailable. */
  meanwhile: string;
  /** The outage is over when nothing has failed for this long, in ms: a missing right fails some statements only. */
  quietMs?: number;
}

/**
 * Logs when the database or the queue becomes unavailable and when it is available again. Each cause of an outage is
 * logged once: a broken connection can report thousands of errors per second.
 */
export class StoreOutageLog {
  private readonly causes = new Set<CauseKind>();
  private failedAt = -Infinity;

  constructor(private readonly options: StoreOutageLogOptions) {}

  failed(error: unknown): void {
    const { log, store, place, meanwhile } = this.options;
    const { kind } = classifyCause(error);
    this.failedAt = performance.now();
    if (this.causes.has(kind) || (this.causes.size > 0 && VAGUE.includes(kind))) return;
    this.causes.add(kind);
    log.warn(`${store} unavailable: ${describeCause(place(), error)}; ${meanwhile}`);
  }

  recovered(): void {
    const { log, store, place, quietMs = 0 } = this.options;
    if (this.causes.size === 0 || performance.now() - this.failedAt < quietMs) return;
    this.causes.clear();
    log.warn(`${store} available again: ${place()}`);
  }
}
