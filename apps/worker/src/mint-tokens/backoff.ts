import { jittered } from '@app/kernel';

/** What a session waits before its next call to CAS, in ms, by how many attempts have failed. The last one repeats. */
export const BACKOFF_MS = [250, 1000, 3000, 10_000, 30_000, 60_000] as const;

/** The wait after `attempts` failed attempts before this one, drawn between half and whole. */
export function backoff(attempts: number, random?: () => number): number {
  const place = Math.min(Math.max(attempts, 0), BACKOFF_MS.length - 1);
  return jittered(BACKOFF_MS[place] ?? 60_000, random);
}
