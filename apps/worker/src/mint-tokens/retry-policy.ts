import { CasError, CasUnavailableError } from '@app/cas-client';
import { type FailureCode, jittered } from '@app/kernel';
import { CasCircuitOpenError, PROBE_EVERY_MS } from './cas-circuit-breaker.js';
import { backoff } from './backoff.js';

/** What one failed product means for its session. */
export type RetryDecision =
  /** CAS will never give it: the session fails with this code. */
  | { kind: 'cancel'; code: FailureCode }
  /** It may work later. An attempt that is not `counted` keeps its place in the list of waits. */
  | { kind: 'retry'; code: FailureCode | null; counted: boolean; atLeastMs: number };

/** What one error means: the table of the vendor's answers, in one place. */
export function classifyError(error: unknown): RetryDecision {
  if (error instanceof CasCircuitOpenError)
    return { kind: 'retry', code: 'cas-unavailable', counted: false, atLeastMs: PROBE_EVERY_MS };
  // Not sorted, so a fault of ours. The session goes on until its deadline, as slowly as after any failure.
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

/** What the failures of a run mean for the session: cancel before retry, and of several retries the longest wait. */
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
 * The list's wait, or what CAS asks for if that is longer. Those whom the breaker has sent away come back spread over
 * as long again: thousands of them at once, every 5 s, would be all that the queue does.
 */
export function retryDelay(
  verdict: Extract<RetryDecision, { kind: 'retry' }>,
  attempts: number,
  random?: () => number,
): number {
  const atLeastMs = verdict.counted ? verdict.atLeastMs : jittered(2 * verdict.atLeastMs, random);
  return Math.max(backoff(attempts, random), atLeastMs);
}
