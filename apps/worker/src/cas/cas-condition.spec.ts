import type { CasCall, CasClient, CasEndpoints } from '@app/cas-client';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CasCondition } from './cas-condition.js';

const START = Date.parse('2026-11-26T20:41:07Z');

describe('the condition of CAS', () => {
  let tell: (call: CasCall) => void;
  let condition: CasCondition;
  beforeEach(() => {
    jest.useFakeTimers({ now: START });
    const cas = {
      observe: (observer: typeof tell) => {
        tell = observer;
      },
    };
    const endpoints = { inOrder: () => [{ name: 'eu' }, { name: 'us' }] };
    condition = new CasCondition(cas as unknown as CasClient, endpoints as unknown as CasEndpoints);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const call = (outcome: CasCall['outcome'], status: number | null = null, endpoint = 'eu', afterMs = 1000) => {
    jest.setSystemTime(Date.now() + afterMs);
    tell({ endpoint, product: 'stream', outcome, status, seconds: 0 });
  };

  it('is in trouble after three failures in a row, since the first of them', () => {
    call('cas-unavailable', 503);
    call('cas-unavailable', 503);
    expect(condition.reports[0]?.trouble).toBeNull();
    call('cas-unavailable', 503);
    expect(condition.reports[0]?.trouble).toEqual({
      outcome: 'cas-unavailable',
      status: 503,
      since: '2026-11-26T20:41:08.000Z',
    });
  });

  it('is well again at the first token, and knows when that was', () => {
    for (let n = 0; n < 5; n++) call('cas-unavailable', 503);
    call('ok');
    expect(condition.reports[0]).toMatchObject({
      trouble: null,
      previous: { status: 503, since: '2026-11-26T20:41:08.000Z', until: '2026-11-26T20:41:13.000Z' },
    });
  });

  it('says what CAS does now, and since when it does anything wrong', () => {
    for (let n = 0; n < 3; n++) call('cas-unavailable', 503);
    call('cas-unavailable', null);
    expect(condition.reports[0]?.trouble).toMatchObject({ status: null, since: '2026-11-26T20:41:08.000Z' });
  });

  it('is in trouble at once if CAS rejects the credentials', () => {
    call('cas-credentials-rejected', 401);
    expect(condition.reports[0]?.trouble).toMatchObject({ status: 401 });
  });

  it('is told of each endpoint by itself, in order of preference', () => {
    for (let n = 0; n < 3; n++) call('cas-unavailable', 503);
    call('ok', null, 'us');
    expect(condition.reports).toMatchObject([
      { endpoint: 'eu', trouble: { status: 503 } },
      { endpoint: 'us', trouble: null },
    ]);
  });

  it('takes single failures for noise, and aborted calls for nothing', () => {
    for (let n = 0; n < 10; n++) {
      call('cas-unavailable', 503);
      call('cas-unavailable', 503);
      call('ok');
      call('cas-call-aborted');
    }
    expect(condition.reports[0]).toMatchObject({ trouble: null, previous: null });
  });
});
