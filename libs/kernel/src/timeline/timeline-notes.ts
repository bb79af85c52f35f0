import type { FailureCode } from '../failures.js';
import type { Product } from '../products.js';

/** How long before the statement something began, in ms. */
interface Ago {
  agoMs: number;
}

/** One call of CAS for one product. */
export interface AttemptNote extends Ago {
  event: 'attempt';
  product: Product;
  /** Name of the CAS endpoint: host and port unless it has another. */
  endpoint: string;
  durationMs: number;
  /** `ok`, or the code of the error. */
  outcome: string;
  /** HTTP status of CAS; absent if there was no reply, or if it was usable. */
  status?: number;
  /** Why there was no token, in a fixed sentence. */
  cause?: string;
}

/**
 * Why the next call of CAS waits. `retry-after`: CAS asked for it. `circuit-open`: CAS was not called. `aborted`: the
 * worker was stopping or had lost its job. `error`: a fault in this server.
 */
export type WaitReason = 'backoff' | 'retry-after' | 'circuit-open' | 'aborted' | 'error';

/**
 * Why a run came late or had to be repeated, other than by CAS. `taken-over`: `count` workers had taken the job before and
 * did not finish it. `store-unavailable`: the database could not be reached. `clock-skew`: the clock of the worker is
 * `skewMs` ahead of the database's.
 */
export type Held =
  | { event: 'held'; reason: 'taken-over'; count: number }
  | { event: 'held'; reason: 'store-unavailable'; durationMs?: number }
  | { event: 'held'; reason: 'clock-skew'; skewMs: number };

/**
 * What a run of a worker notes of a session's life, in the statement that changes the session. Ids, codes, durations and
 * fixed sentences: no token, no caller, no text of the vendor. The database adds the time.
 */
export type RunNote =
  | AttemptNote
  | (Held & Ago)
  /** The next call of CAS waits, in ms. */
  | { event: 'waiting'; waitMs: number; reason: WaitReason; code: FailureCode | null }
  | { event: 'failed'; reason: 'rejected'; code: FailureCode };

/** A note as it is stored. Notes of one kind that follow each other are one: `count` and `until` tell so. */
export type StoredNote = (
  | Omit<AttemptNote, 'agoMs'>
  | Held
  | Exclude<RunNote, Ago>
  /** A token that came too late: another run had published one, or the session was no longer pending. */
  | { event: 'discarded'; product: Product }
  /** The session had made no progress, and the sweeper enqueued it again. */
  | { event: 'enqueued' }
  | { event: 'failed'; reason: 'deadline'; code: FailureCode }
  | { event: 'expiring' }
  /** Its tokens were minted ahead, at `mintedAt` (ms since the epoch), and taken from the warm pool. */
  | { event: 'pooled'; endpoint: string; mintedAt: number }
  | { event: 'seats'; taken: number; freed: number }
  /** By its room's next generation. */
  | { event: 'replaced'; by: string }
  | { event: 'replaces'; session: string }
) & {
  /** Time of the event, in ms since the epoch. */
  at: number;
  /** Time of the last of several. */
  until?: number;
  count?: number;
  /** Notes after this one that were not kept. */
  omitted?: number;
};
