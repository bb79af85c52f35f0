import { CasUnavailableError } from '@app/cas-client';
import { jittered } from '@app/kernel';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/**
 * How many sets a worker may mint at once. After a failure none for a while, the longer the more often it fails in a row,
 * and then one at a time until one succeeds: an outage of CAS costs the pool no more than a probe.
 */
export class RefillPace {
  private failures = 0;
  private pausedUntil = 0;

  constructor(
    private readonly concurrency: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** The sets that may be begun, beside those that are being minted. */
  free(minting: number): number {
    if (this.now() < this.pausedUntil) return 0;
    return Math.max(0, (this.failures === 0 ? this.concurrency : 1) - minting);
  }

  succeeded(): void {
    this.failures = 0;
    this.pausedUntil = 0;
  }

  /** Returns the pause, in ms, or null if the failure is one of a set that was begun before the pause. */
  failed(errors: readonly unknown[]): number | null {
    if (this.now() < this.pausedUntil) return null;
    const backoffMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.failures);
    const askedMs = errors.map((error) => (error instanceof CasUnavailableError ? (error.retryAfterMs ?? 0) : 0));
    const pauseMs = Math.max(jittered(backoffMs), ...askedMs);
    this.failures++;
    this.pausedUntil = this.now() + pauseMs;
    return pauseMs;
  }
}
