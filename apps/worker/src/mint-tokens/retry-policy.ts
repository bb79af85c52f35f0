import { CasError, CasUnavailableError } from '@app/cas-client';
import { type FailureCode, jittered, type WaitReason } from '@app/kernel';
import { CasCircuitOpenError, PROBE_EVERY_MS } from '../cas/cas-circuits.js';
import { backoff } from './backoff.js';

/** What a failure means for the session: the decision of the retry policy. */
export type RetryDecision =
  /** Permanent: the session fails with this code. */
  | { kind: 'cancel'; code: FailureCode }
  /** Retryable. An attempt that is not `counted` does not increase the backoff. */
  | { kind: 'retry'; code: FailureCode | null; counted: boolean; atLeastMs: number };

/** Classifies one error. The only place that maps CAS errors to decisions. */
export function classifyError(error: unknown): RetryDecision {
  if (error instanceof CasCircuitOpenError)
    return { kind: 'retry', code: 'cas-unavailable', counted: false, atLeastMs: PROBE_EVERY_MS };
  // An unclassified error is a bug. The session is retried with the normal backoff until its deadline.
  if (!(error instanceof CasError)) return { kind: 'retry', code: null, counted: true, atLeastMs: 0 };
  switch (error.code) {
    case 'cas-unavailable': {
      const atLeastMs = error instanceof CasUnavailableError ? (error.retryAfterMs ?? 0) : 0;
      return { kind: 'retry', code: error.code, counted: true, atLeastMs };
    }
    case 'cas-bad-reply':
      return { kind: 'retry', code: error.code, counted: true, atLeastMs: 0 };
    case 'cas-call-aborted':
      return { kind: 'retry', code: null, counted: false, atLeastMs: 0 };
    case 'cas-credentials-rejected':
    case 'cas-rejected':
      return { kind: 'cancel', code: error.code };
  }
}

/** Combines the failures of a run: cancel takes precedence over retry, and the longest of several delays is used. */
export function decideRetry(errors: readonly unknown[]): RetryDecision | null {
  const verdicts = errors.map(classifyError);
  const cancel = verdicts.find((verdict) => verdict.kind === 'cancel');
  if (cancel !== undefined) return cancel;
  const retries = verdicts.filter((verdict) => verdict.kind === 'retry');
  if (retries.length === 0) return null;
  return {
    kind: 'retry',
    code: retries.find((retry) => retry.code !== null)?.code ?? null,
    counted: retries.some((retry) => retry.counted),
    atLeastMs: Math.max(...retries.map((retry) => retry.atLeastMs)),
  };
}

/**
 * The delay before the next attempt, in ms: the backoff, or the delay requested by CAS if that is longer. Sessions
 * rejected by an open circuit are spread over twice the probe interval, since otherwise thousands of them would return
 * together every 5 s and keep the queue busy.
 */
export function retryDelay(
  verdict: Extract<RetryDecision, { kind: 'retry' }>,
  attempts: number,
  random?: () => number,
): number {
  const atLeastMs = verdict.counted ? verdict.atLeastMs : jittered(2 * verdict.atLeastMs, random);
  return Math.max(backoff(attempts, random), atLeastMs);
}

/** Why the session waits that long, for its timeline. */
export function waitReason(
  verdict: Extract<RetryDecision, { kind: 'retry' }>,
  waitMs: number,
  errors: readonly unknown[],
): WaitReason {
  if (errors.every((error) => error instanceof CasCircuitOpenError)) return 'circuit-open';
  if (verdict.code === null) return verdict.counted ? 'error' : 'aborted';
  return verdict.counted && waitMs === verdict.atLeastMs ? 'retry-after' : 'backoff';
}
