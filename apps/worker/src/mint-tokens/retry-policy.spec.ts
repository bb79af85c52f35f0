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
import { CasCircuitOpenError, PROBE_EVERY_MS } from './cas-circuit-breaker.js';
import { decideRetry, classifyError, retryDelay } from './retry-policy.js';

const retryable = [
  ['no answer', new CasUnavailableError(), { code: 'cas-unavailable', counted: true, atLeastMs: 0 }],
  ['a wish for later', new CasUnavailableError({ retryAfterMs: 7000 }), { code: 'cas-unavailable', atLeastMs: 7000 }],
  ['429', new CasRateLimitedError({ retryAfterMs: 2000 }), { code: 'cas-unavailable', counted: true, atLeastMs: 2000 }],
  ['a bad reply', new CasBadReplyError('not-json'), { code: 'cas-bad-reply', counted: true, atLeastMs: 0 }],
  ['a call that we gave up', new CasCallAbortedError(), { code: null, counted: false, atLeastMs: 0 }],
  [
    'an open breaker',
    new CasCircuitOpenError(),
    { code: 'cas-unavailable', counted: false, atLeastMs: PROBE_EVERY_MS },
  ],
  ['a bug', new TypeError('x'), { code: null, counted: true, atLeastMs: 0 }],
  ['what is no error', 'x', { code: null, counted: true, atLeastMs: 0 }],
] as const;

const final = [
  ['401 or 403', new CasCredentialsRejectedError(), 'cas-credentials-rejected'],
  ['another 4xx', new CasRejectedError(), 'cas-rejected'],
] as const;

const anyRetryable = fc.constantFrom(...retryable.map(([, error]) => error));
const anyFinal = fc.constantFrom(...final.map(([, error]) => error));

describe('what an error of CAS means', () => {
  it.each(retryable)('%s: try again', (_name, error, expected) => {
    expect(classifyError(error)).toMatchObject({ kind: 'retry', ...expected });
  });

  it.each(final)('%s: never again', (_name, error, code) => {
    expect(classifyError(error)).toEqual({ kind: 'cancel', code });
  });
});

describe('what the failures of one run mean for the session', () => {
  it('is nothing when nothing failed', () => {
    expect(decideRetry([])).toBeNull();
  });

  it('is the end when one of them is final, whatever the others and their order', () => {
    fc.assert(
      fc.property(fc.array(anyRetryable), anyFinal, fc.array(anyRetryable), (before, last, after) => {
        expect(decideRetry([...before, last, ...after])).toEqual({ kind: 'cancel', code: last.code });
      }),
    );
  });

  it('is else another try after the longest of the waits that were asked for', () => {
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

  it('keeps a code that says something before one that says nothing', () => {
    expect(decideRetry([new CasCallAbortedError(), new CasBadReplyError('no-token')])).toMatchObject({
      code: 'cas-bad-reply',
    });
  });
});

describe('the wait', () => {
  const retry = (atLeastMs: number) => ({ kind: 'retry', code: null, counted: true, atLeastMs }) as const;

  it("is the list's", () => {
    expect(retryDelay(retry(0), 1, () => 0)).toBe(500);
    expect(retryDelay(retry(0), 1, () => 1)).toBe(1000);
  });

  it('is what CAS asks for when that is longer, without a draw below it', () => {
    expect(retryDelay(retry(60_000), 0, () => 0)).toBe(60_000);
    expect(retryDelay(retry(400), 1, () => 0)).toBe(500);
  });

  it('is spread over as long again for those whom an open breaker has sent away', () => {
    const sentAway = { ...retry(5000), counted: false };
    expect([0, 0.5, 1].map((drawn) => retryDelay(sentAway, 0, () => drawn))).toEqual([5000, 7500, 10_000]);
  });
});
