/** Jobs that wait this long while this worker has room for more mean that its loop is dead, in ms. */
const DEAD_AFTER_MS = 30_000;

/** Tells a worker that takes no jobs from one that has none to take. */
export class StallDetector {
  private stuckSince: number | null = null;

  /** The worker took or finished a job. */
  progressed(): void {
    this.stuckSince = null;
  }

  /** `waiting`: jobs that anybody could take; `free`: whether this worker could take one more. */
  isAlive(waiting: number, free: boolean, now = performance.now()): boolean {
    if (waiting === 0 || !free) this.stuckSince = null;
    else this.stuckSince ??= now;
    return this.stuckSince === null || now - this.stuckSince < DEAD_AFTER_MS;
  }
}
