/** If jobs wait this long while the worker has free capacity, its loop has stalled, in ms. */
const DEAD_AFTER_MS = 30_000;

/** Stall detector: distinguishes a worker that has stopped taking jobs from an idle one. */
export class StallDetector {
  private stuckSince: number | null = null;

  /** Called when the worker takes or finishes a job. */
  progressed(): void {
    this.stuckSince = null;
  }

  /**
   * @param waiting number of jobs that any worker could take
   * @param free whether this worker has free capacity
   */
  isAlive(waiting: number, free: boolean, now = performance.now()): boolean {
    if (waiting === 0 || !free) this.stuckSince = null;
    else this.stuckSince ??= now;
    return this.stuckSince === null || now - this.stuckSince < DEAD_AFTER_MS;
  }
}
