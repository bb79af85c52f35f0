import type { CountedAction } from '@app/kernel';

export interface AuditCounter {
  actor: string;
  action: CountedAction;
  sessionId: string | null;
  count: number;
  /** When it was first counted, on the clock passed to `add`. */
  sinceMs: number;
}

const MINUTE_MS = 60_000;

/** Counters per (actor, session, action, minute), at most `max` of them. */
export class AuditCounters {
  private counts = new Map<string, AuditCounter>();

  constructor(private readonly max: number) {}

  get size(): number {
    return this.counts.size;
  }

  /**
   * Counts one.
   *
   * @param nowMs a monotonic clock
   * @returns false if a new counter would exceed the maximum
   */
  add(action: CountedAction, actor: string, sessionId: string | null, nowMs: number): boolean {
    // The actor comes last, since it may contain any character.
    const key = `${String(Math.floor(nowMs / MINUTE_MS))} ${action} ${sessionId ?? ''} ${actor}`;
    const known = this.counts.get(key);
    if (known !== undefined) {
      known.count++;
      return true;
    }
    if (this.counts.size >= this.max) return false;
    this.counts.set(key, { actor, action, sessionId, count: 1, sinceMs: nowMs });
    return true;
  }

  /** Returns all counters and starts over. */
  drain(): AuditCounter[] {
    const taken = [...this.counts.values()];
    this.counts = new Map();
    return taken;
  }
}
