import { describe, expect, it, jest } from '@jest/globals';
import { pause, retryAfter, sendPatiently } from './patience.js';

const problem = (code: string, retryable: boolean) => ({ code, retryable, detail: code, requestId: 'req_1' });
const refusal = (status: number, body: unknown, wait = '0') =>
  Response.json(body, { status, headers: { 'retry-after': wait } });

/** Gives these answers one after the other, and the last one from then on. */
function server(...answers: (() => Response)[]) {
  const requests: Request[] = [];
  const fetch = (request: Request) => {
    requests.push(request);
    const answer = answers[Math.min(requests.length, answers.length) - 1];
    return Promise.resolve().then(() => answer!());
  };
  return { requests, fetch };
}

const ok = () => Response.json({});
const cut = () => {
  throw new TypeError('fetch failed');
};
const newRequest = (signal?: AbortSignal) =>
  new Request('http://server/v1/sessions', { method: 'POST', body: '{"products":[]}', ...(signal && { signal }) });

describe('a request is sent again', () => {
  it.each([
    ['a problem that says retryable', () => refusal(503, problem('overloaded', true))],
    ['a broken connection', cut],
    ['a proxy that does not reach the server', () => new Response('<h1>', { status: 502 })],
  ])('after %s', async (_name, answer) => {
    const { fetch, requests } = server(answer, ok);
    expect((await sendPatiently(newRequest(), { credential: 'k', fetch })).status).toBe(200);
    expect(await Promise.all(requests.map((request) => request.text()))).toEqual([
      '{"products":[]}',
      '{"products":[]}',
    ]);
  });

  it('with a credential that is asked for anew', async () => {
    const { fetch, requests } = server(() => refusal(429, problem('rate-limited', true)), ok);
    let n = 0;
    await sendPatiently(newRequest(), { credential: () => Promise.resolve(`k${++n}`), fetch });
    expect(requests.map((request) => request.headers.get('authorization'))).toEqual(['Bearer k1', 'Bearer k2']);
  });

  it('six times at most, within a quarter of a minute', async () => {
    jest.useFakeTimers();
    const { fetch, requests } = server(() => refusal(503, problem('draining', true)));
    const sending = sendPatiently(newRequest(), { credential: 'k', fetch });
    await jest.advanceTimersByTimeAsync(15_000);
    jest.useRealTimers();
    expect((await sending).status).toBe(503);
    expect(requests).toHaveLength(6);
  });
});

describe('a request is not sent again', () => {
  it.each([
    ['a problem that is not retryable', () => refusal(422, problem('validation-failed', false))],
    ['a Retry-After that is too long', () => refusal(503, problem('overloaded', true), '3600')],
    ['a 500 of whoever', () => new Response('', { status: 500 })],
  ])('after %s', async (_name, answer) => {
    const { fetch, requests } = server(answer, ok);
    await sendPatiently(newRequest(), { credential: 'k', fetch });
    expect(requests).toHaveLength(1);
  });

  it('once its caller gave up', async () => {
    const { fetch, requests } = server(() => refusal(503, problem('overloaded', true), '20'));
    const sending = sendPatiently(newRequest(AbortSignal.timeout(50)), { credential: 'k', fetch });
    await expect(sending).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(requests).toHaveLength(1);
  });
});

describe('Retry-After', () => {
  const given = (value: string) => retryAfter(new Response(null, { headers: { 'retry-after': value } }));

  it('is seconds or a date, and nonsense is none', () => {
    expect(given('2')).toBe(2000);
    expect(given(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(55_000);
    expect(given('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0);
    expect([given('soon'), retryAfter(new Response()), retryAfter(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is never cut short', async () => {
    const start = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => pause(100)));
    expect(performance.now() - start).toBeGreaterThanOrEqual(99);
  });
});
