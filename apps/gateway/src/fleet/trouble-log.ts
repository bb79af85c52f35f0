import type { Level, Trouble } from './trouble.js';

/** A trouble that is over. */
export interface PastTrouble {
  key: string;
  level: Level;
  past: string;
  since: number;
  until: number;
}

/** What is wrong now. */
export interface CurrentTrouble extends Trouble {
  since: number;
}

/** A trouble that is back within this time has not been over, in ms. */
const SAME_WITHIN_MS = 30_000;
/** A trouble that begins within this time after a worse one has ended follows from it, in ms. */
const FOLLOWS_MS = 120_000;
const KEPT = 50;

/** Remembers when troubles began and ended. */
export class TroubleLog {
  private current = new Map<string, CurrentTrouble>();
  private readonly ended: PastTrouble[] = [];
  private readonly exact = new WeakSet<PastTrouble>();

  /** @param now in ms */
  update(troubles: readonly Trouble[], now: number): void {
    const before = this.current;
    this.current = new Map(
      troubles.map((trouble) => {
        const since = Math.min(
          trouble.since ?? now,
          before.get(trouble.key)?.since ?? this.resumed(trouble.key, now) ?? now,
        );
        return [trouble.key, { ...trouble, since }];
      }),
    );
    for (const { key, level, past, since } of before.values())
      if (!this.current.has(key)) this.record({ key, level, past, since, until: now });
  }

  /**
   * For a trouble that is over.
   *
   * @param exact the times are those of who felt it, and not when it was first or last seen from here
   */
  record(trouble: PastTrouble, { exact = false } = {}): void {
    const same = this.ended.find(
      ({ key, since, until }) =>
        key === trouble.key && since < trouble.until + SAME_WITHIN_MS && trouble.since < until + SAME_WITHIN_MS,
    );
    const entry = same ?? { ...trouble };
    if (same === undefined) this.ended.push(entry);
    entry.since = Math.min(entry.since, trouble.since);
    if (exact) {
      entry.until = this.exact.has(entry) ? Math.max(entry.until, trouble.until) : trouble.until;
      this.exact.add(entry);
    }
    this.ended.sort((one, other) => other.until - one.until);
    this.ended.splice(KEPT);
  }

  /** The worst first; of those that are as bad, the oldest. */
  get now(): CurrentTrouble[] {
    const rank: Record<Level, number> = { bad: 0, warn: 1, note: 2 };
    return [...this.current.values()].sort(
      (one, other) => rank[one.level] - rank[other.level] || one.since - other.since,
    );
  }

  /** What was wrong and is over, the latest first. Notes are no trouble. */
  get past(): PastTrouble[] {
    return this.ended.filter(({ level }) => level !== 'note');
  }

  /**
   * The one to be named as the last: what follows a worse one, such as sessions that still wait after CAS was away, is
   * named after it.
   */
  get last(): PastTrouble | null {
    const { past } = this;
    const [latest = null] = past;
    const cause = past.find(
      ({ level, until }) => level === 'bad' && latest !== null && latest.since - until < FOLLOWS_MS,
    );
    return cause ?? latest;
  }

  private resumed(key: string, now: number): number | undefined {
    const place = this.ended.findIndex((one) => one.key === key && now - one.until < SAME_WITHIN_MS);
    return place === -1 ? undefined : this.ended.splice(place, 1)[0]?.since;
  }
}
