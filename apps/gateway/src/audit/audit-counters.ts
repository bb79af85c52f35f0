import type { CountedAction } from '@app/kernel';

export interface AuditCounter {
  actor: string;
  action: CountedAction;
  sessionId: string | null;
  count: number;
  /** When it was counted first, on the clock that `add` was told. */
  sinceMs: number;
}

const MINUTE_MS = 60_000;

/** Counts per (actor, session, action, minute), of at most `most` different ones. */
export class AuditCounters {
  private counts = new Map<string, AuditCounter>();

  constructor(private readonly max: number) {}

  get size(): number {
    return this.counts.size;
  }

  /**
   * Counts one.
   *
   * @param nowMs a clock that never goes back
   * @returns false if there is no place for one more that was not counted before
   */
  add(action: CountedAction, actor: string, sessionId: string | null, nowMs: number): boolean {
    // The actor comes last: it may hold anything.
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

  /** All of them; from now on they count anew. */
  drain(): AuditCounter[] {
    const taken = [...this.counts.values()];
    this.counts = new Map();
    return taken;
  }
}
