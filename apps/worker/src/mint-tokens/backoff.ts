import { jittered } from '@app/kernel';

/** Backoff before the next CAS call, in ms, by the number of failed attempts. The last value repeats. */
export const BACKOFF_MS = [250, 1000, 3000, 10_000, 30_000, 60_000] as const;

/** The backoff after `attempts` earlier failed attempts, in ms, jittered between half and all of the value. */
export function backoff(attempts: number, random?: () => number): number {
  const place = Math.min(Math.max(attempts, 0), BACKOFF_MS.length - 1);
  return jittered(BACKOFF_MS[place] ?? 60_000, random);
}
