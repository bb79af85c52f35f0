import { type CauseKind, classifyCause, describeCause } from '@app/kernel';
import type { Logger } from '@nestjs/common';

/** Causes that say nothing more once another is known. */
const VAGUE: readonly CauseKind[] = ['timeout', 'reset', 'unknown'];

/**
 * Logs when the queue becomes unavailable and when it is back. Each cause of an outage is logged once: a broken
 * connection can report thousands of errors per second.
 */
export class AvailabilityLog {
  private readonly causes = new Set<CauseKind>();

  /**
   * @param place where the queue is stored
   * @param meanwhile what happens while it is unavailable
   */
  constructor(
    private readonly log: Logger,
    private readonly place: () => string,
    private readonly meanwhile: string,
  ) {}

  failed(error: unknown): void {
    const { kind } = classifyCause(error);
    if (this.causes.has(kind) || (this.causes.size > 0 && VAGUE.includes(kind))) return;
    this.causes.add(kind);
    this.log.warn(`queue unavailable: ${describeCause(this.place(), error)}; ${this.meanwhile}`);
  }

  recovered(): void {
    if (this.causes.size === 0) return;
    this.causes.clear();
    this.log.warn(`queue available again: ${this.place()}`);
  }
}
