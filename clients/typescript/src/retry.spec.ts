import { describe, expect, it, jest } from '@jest/globals';
import { ConnectionError } from './errors.js';
import { retryAfter, Sender, sleep } from './retry.js';

const problem = (code: string, retryable: boolean) => ({ code, retryable, detail: code, requestId: 'req_1' });
const refusal = (status: number, body: unknown, wait = '0') =>
  Response.json(body, { status, headers: { 'retry-after': wait } });

/** Responds with these one after the other, and with the last one from then on. */
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

describe('a request that must not happen twice', () => {
  it('is sent once, whatever becomes of it', async () => {
    const { fetch, requests } = server(ok, cut, () => refusal(503, problem('unavailable', true)));
    const sender = new Sender({ credential: 'k', fetch });
    await sender.sendOnce(newRequest());
    await expect(sender.sendOnce(newRequest())).rejects.toThrow(ConnectionError);
    expect((await sender.sendOnce(newRequest())).status).toBe(503);
    expect(requests).toHaveLength(3);
  });
});

describe('a request is sent again', () => {
  it.each([
    ['a problem that says retryable', () => refusal(503, problem('overloaded', true))],
    ['a broken connection', cut],
    ['a proxy that cannot reach the server', () => new Response('<h1>', { status: 502 })],
  ])('after %s', async (_name, answer) => {
    const { fetch, requests } = server(answer, ok);
    expect((await new Sender({ credential: 'k', fetch }).send(newRequest())).status).toBe(200);
    expect(await Promise.all(requests.map((request) => request.text()))).toEqual([
      '{"products":[]}',
      '{"products":[]}',
    ]);
  });

  it('with a credential requested again', async () => {
    const { fetch, requests } = server(() => refusal(429, problem('rate-limited', true)), ok);
    let n = 0;
    await new Sender({ credential: () => Promise.resolve(`k${++n}`), fetch }).send(newRequest());
    expect(requests.map((request) => request.headers.get('authorization'))).toEqual(['Bearer k1', 'Bearer k2']);
  });

  it('six times at most, within a quarter of a minute', async () => {
    jest.useFakeTimers();
    const { fetch, requests } = server(() => refusal(503, problem('draining', true)));
    const sending = new Sender({ credential: 'k', fetch }).send(newRequest());
    await jest.advanceTimersByTimeAsync(15_000);
    jest.useRealTimers();
    expect((await sending).status).toBe(503);
    expect(requests).toHaveLength(6);
  });
});

describe('a server that does not respond', () => {
  const refused = () => {
    throw new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) });
  };
  const errorOf = (sending: Promise<Response>) =>
    sending.then(
      () => undefined,
      (error: unknown) => error,
    );

  it('is reported after the second attempt if it has never responded, with its address and the cause', async () => {
    const { fetch, requests } = server(refused);
    const start = performance.now();
    const error = await errorOf(new Sender({ credential: 'secret', fetch }).send(newRequest()));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({
      message: 'No response from http://server: ECONNREFUSED (POST /v1/sessions, 2 attempts)',
      url: 'http://server/v1/sessions',
      code: 'ECONNREFUSED',
    });
    expect(requests).toHaveLength(2);
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('gets the time to restart if it has responded before', async () => {
    jest.useFakeTimers();
    const { fetch, requests } = server(ok, refused);
    const sender = new Sender({ credential: 'k', fetch });
    await sender.send(newRequest());
    const failing = errorOf(sender.send(newRequest()));
    await jest.advanceTimersByTimeAsync(15_000);
    jest.useRealTimers();
    expect(await failing).toMatchObject({ message: expect.stringContaining('6 attempts') });
    expect(requests).toHaveLength(7);
  });

  it('is reported with the message of the failure where there is no code, as in browsers', async () => {
    const { fetch } = server(cut);
    const error = await errorOf(new Sender({ credential: 'k', fetch }).send(newRequest()));
    expect(error).toMatchObject({ code: undefined, message: expect.stringContaining('http://server: fetch failed (') });
  });
});

describe('a request is not sent again', () => {
  it.each([
    ['a problem that is not retryable', () => refusal(422, problem('validation-failed', false))],
    ['a Retry-After that is too long', () => refusal(503, problem('overloaded', true), '3600')],
    ['a 500 without a problem document', () => new Response('', { status: 500 })],
  ])('after %s', async (_name, answer) => {
    const { fetch, requests } = server(answer, ok);
    await new Sender({ credential: 'k', fetch }).send(newRequest());
    expect(requests).toHaveLength(1);
  });

  it('after its caller aborted', async () => {
    const { fetch, requests } = server(() => refusal(503, problem('overloaded', true), '20'));
    const sending = new Sender({ credential: 'k', fetch }).send(newRequest(AbortSignal.timeout(50)));
    await expect(sending).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(requests).toHaveLength(1);
  });
});

describe('Retry-After', () => {
  const given = (value: string) => retryAfter(new Response(null, { headers: { 'retry-after': value } }));

  it('is seconds or a date; anything else is ignored', () => {
    expect(given('2')).toBe(2000);
    expect(given(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(55_000);
    expect(given('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0);
    expect([given('soon'), retryAfter(new Response()), retryAfter(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('is never shortened', async () => {
    const start = performance.now();
    await Promise.all(Array.from({ length: 50 }, () => sleep(100)));
    expect(performance.now() - start).toBeGreaterThanOrEqual(99);
  });
});
