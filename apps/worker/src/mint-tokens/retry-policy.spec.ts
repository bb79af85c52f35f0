import {
  CasBadReplyError,
  CasRateLimitedError,
  CasCallAbortedError,
  CasCredentialsRejectedError,
  CasRejectedError,
  CasUnavailableError,
} from '@app/cas-client';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CasCircuitOpenError, PROBE_EVERY_MS } from '../cas/cas-circuits.js';
import { decideRetry, classifyError, retryDelay } from './retry-policy.js';

const retryable = [
  ['no response', new CasUnavailableError(), { code: 'cas-unavailable', counted: true, atLeastMs: 0 }],
  ['Retry-After', new CasUnavailableError({ retryAfterMs: 7000 }), { code: 'cas-unavailable', atLeastMs: 7000 }],
  ['429', new CasRateLimitedError({ retryAfterMs: 2000 }), { code: 'cas-unavailable', counted: true, atLeastMs: 2000 }],
  ['a bad reply', new CasBadReplyError('not-json'), { code: 'cas-bad-reply', counted: true, atLeastMs: 0 }],
  ['an aborted call', new CasCallAbortedError(), { code: null, counted: false, atLeastMs: 0 }],
  [
    'an open circuit',
    new CasCircuitOpenError(),
    { code: 'cas-unavailable', counted: false, atLeastMs: PROBE_EVERY_MS },
  ],
  ['a bug', new TypeError('x'), { code: null, counted: true, atLeastMs: 0 }],
  ['a value that is not an Error', 'x', { code: null, counted: true, atLeastMs: 0 }],
] as const;

const final = [
  ['401 or 403', new CasCredentialsRejectedError(), 'cas-credentials-rejected'],
  ['another 4xx', new CasRejectedError(), 'cas-rejected'],
] as const;

const anyRetryable = fc.constantFrom(...retryable.map(([, error]) => error));
const anyFinal = fc.constantFrom(...final.map(([, error]) => error));

describe('the retry policy for one error', () => {
  it.each(retryable)('retries after %s', (_name, error, expected) => {
    expect(classifyError(error)).toMatchObject({ kind: 'retry', ...expected });
  });

  it.each(final)('cancels after %s', (_name, error, code) => {
    expect(classifyError(error)).toEqual({ kind: 'cancel', code });
  });
});

describe('the retry policy for a run', () => {
  it('decides nothing if nothing failed', () => {
    expect(decideRetry([])).toBeNull();
  });

  it('cancels if one error is permanent, whatever the others and their order', () => {
    fc.assert(
      fc.property(fc.array(anyRetryable), anyFinal, fc.array(anyRetryable), (before, last, after) => {
        expect(decideRetry([...before, last, ...after])).toEqual({ kind: 'cancel', code: last.code });
      }),
    );
  });

  it('otherwise retries after the longest requested delay', () => {
    fc.assert(
      fc.property(fc.array(anyRetryable, { minLength: 1 }), (errors) => {
        const verdicts = errors.map(classifyError).filter((verdict) => verdict.kind === 'retry');
        expect(decideRetry(errors)).toMatchObject({
          kind: 'retry',
          counted: verdicts.some((verdict) => verdict.counted),
          atLeastMs: Math.max(...verdicts.map((verdict) => verdict.atLeastMs)),
        });
      }),
    );
  });

  it('prefers an error with a code', () => {
    expect(decideRetry([new CasCallAbortedError(), new CasBadReplyError('no-token')])).toMatchObject({
      code: 'cas-bad-reply',
    });
  });
});

describe('the delay before a retry', () => {
  const retry = (atLeastMs: number) => ({ kind: 'retry', code: null, counted: true, atLeastMs }) as const;

  it('is the backoff', () => {
    expect(retryDelay(retry(0), 1, () => 0)).toBe(500);
    expect(retryDelay(retry(0), 1, () => 1)).toBe(1000);
  });

  it('is the delay requested by CAS if that is longer, without jitter', () => {
    expect(retryDelay(retry(60_000), 0, () => 0)).toBe(60_000);
    expect(retryDelay(retry(400), 1, () => 0)).toBe(500);
  });

  it('is spread over twice the probe interval while the circuit is open', () => {
    const rejected = { ...retry(5000), counted: false };
    expect([0, 0.5, 1].map((drawn) => retryDelay(rejected, 0, () => drawn))).toEqual([5000, 7500, 10_000]);
  });
});
