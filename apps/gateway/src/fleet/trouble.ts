import type { FleetState } from './fleet.js';

/** `bad`: clients feel it. `warn`: they will, or it is slower than it should be. `note`: an operator should know. */
export type Level = 'bad' | 'warn' | 'note';

/** What is wrong. Texts carry times as `[[ISO 8601]]`, which the page shows in the reader's time zone. */
export interface Trouble {
  /** Stays the same while it lasts. */
  key: string;
  level: Level;
  /** What is wrong now, without its end: `CAS answers 503`. */
  what: string;
  /** The same when it is over: `CAS answered 503`. */
  past: string;
  /** What the server does about it, and what an operator has to do if it cannot. */
  doing: string;
  /** In ms; null if it is not known when it began. */
  since: number | null;
  /** The place in the console that shows more. */
  link?: string;
}

/** What becomes of the sessions that wait. */
export function deadline({ pending, firstDeadlineAt }: FleetState['counts']): string {
  if (pending === 0 || firstDeadlineAt === null) return 'Nothing is lost.';
  return `Nothing is lost: sessions fail only at their deadline, the first at [[${firstDeadlineAt.toISOString()}]].`;
}

export function trouble(
  key: string,
  level: Level,
  rest: Omit<Trouble, 'key' | 'level' | 'since'> & { since?: number | null },
) {
  return { since: null, ...rest, key, level };
}

export function sessions(count: number): string {
  return count === 1 ? '1 session' : `${count.toLocaleString('en')} sessions`;
}

export function waits(count: number): string {
  return count === 1 ? 'waits' : 'wait';
}

export function percent(share: number): string {
  return `${String(Math.round(100 * share))} %`;
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
