import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type FaultCommand, VENDOR_TEXT } from '../support/cas-sandbox.js';
import { eventually } from '../support/eventually.js';
import { expectInvariants } from '../support/invariants.js';
import { expectReady, metric } from '../support/sessions.js';
import { TestDeployment } from '../support/test-deployment.js';
import { expectTimeline } from '../support/timelines.js';

describe('a bad vendor', () => {
  let deployment: TestDeployment;
  const accepted: string[] = [];
  let rooms = 0;
  beforeAll(async () => {
    deployment = await TestDeployment.start({ queue: 'redis', env: { CAS_TIMEOUT_MS: '700' } });
  });
  afterEach(() => deployment.cas.clearFaults());
  afterAll(() => deployment.end());

  async function open(): Promise<string> {
    const { body } = await deployment.client().openRoom(`vendor-${rooms++}`);
    accepted.push(body.id);
    return body.id;
  }

  async function callsSoFar(): Promise<number> {
    return (await deployment.cas.journal()).length;
  }

  /** Everything that clients and operators could have seen of the vendor's words. */
  function everythingWritten(): string {
    return [...deployment.gateways, ...deployment.workers].map((process) => process.everything()).join('\n');
  }

  it.each<[string, FaultCommand, string]>([
    ['500', { kind: 'status', status: 500, times: 1 }, 'HTTP 500'],
    ['502', { kind: 'status', status: 502, times: 1 }, 'HTTP 502'],
    ['503 with Retry-After', { kind: 'status', status: 503, retryAfter: '1', times: 1 }, 'CAS asked to wait'],
    ['429 without Retry-After', { kind: 'status', status: 429, times: 1 }, 'CAS rate limit exceeded'],
    [
      '429 with a date in the past',
      { kind: 'status', status: 429, retryAfter: 'Wed, 21 Oct 2015 07:28:00 GMT', times: 1 },
      'HTTP 429',
    ],
    ['408', { kind: 'status', status: 408, times: 1 }, 'HTTP 408'],
    ['a cut connection', { kind: 'reset', times: 1 }, 'CAS is unavailable: '],
    ['a silent connection', { kind: 'hang', times: 1 }, 'CAS is unavailable: no response'],
    ['a body that drips', { kind: 'drip', times: 1 }, 'CAS is unavailable: no response'],
    ['a late answer', { kind: 'delay', delayMs: 1500, times: 1 }, 'CAS is unavailable: no response'],
    ['something that is not JSON', { kind: 'garbage', times: 1 }, 'is not valid JSON'],
    ['a token that is a number', { kind: 'wrong-type', times: 1 }, 'contains no token'],
    ['an empty 200', { kind: 'empty', times: 1 }, 'is not valid JSON'],
    ['no token', { kind: 'no-token', times: 1 }, 'contains no token'],
    ['a token that is not a JWT', { kind: 'not-a-jwt', times: 1 }, 'is not a JWT'],
    ['an expired token', { kind: 'expired-token', times: 1 }, 'has already expired'],
    ['a body of 200 MB', { kind: 'huge', times: 1 }, 'exceeds 64 KiB'],
    ['a gzip bomb', { kind: 'gzip-bomb', times: 1 }, 'unrequested content encoding'],
    [
      'a redirect to another origin',
      { kind: 'redirect', location: 'http://127.0.0.1:9/', times: 1 },
      'redirected to another origin',
    ],
  ])(
    'answers once with %s: the session is ready after a retry, and the timeline says why',
    async (_name, fault, sentence) => {
      await deployment.cas.fault(fault);
      const id = await open();
      await expectReady(deployment, [id], 15_000);
      const [row] = await deployment.database.rows<{ attempts: number }>(
        'SELECT attempts FROM sessions WHERE id = $1',
        [id],
      );
      // On a busy machine the next call may be late as well.
      expect(row?.attempts).toBeGreaterThanOrEqual(1);
      await expectTimeline(deployment.client(), id, sentence, 'issued a stream token', 'Ready after');
    },
  );

  it.each<[number, string]>([
    [400, 'cas-rejected'],
    [401, 'cas-credentials-rejected'],
    [403, 'cas-credentials-rejected'],
    [404, 'cas-rejected'],
  ])('answers %i: the session fails at once with %s, after one call', async (status, code) => {
    const before = await callsSoFar();
    await deployment.cas.fault({ kind: 'status', status, times: 1 });
    const id = await open();
    const reply = await deployment.client().read(id, { wait: 10 });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ status: 'failed', failure: { code, retryable: false } });
    expect((await callsSoFar()) - before).toBe(1);
    // The room keeps its failed session until it is retried or closed.
    expect((await deployment.client().openRoom(reply.body.room ?? '')).body).toEqual(reply.body);
    expect(await metric(deployment.worker.opsUrl, `sessions_failed_total{code="${code}"}`)).toBeGreaterThan(0);
    expect(deployment.worker.lines.filter((line) => line.level === 50 && line.sessionId === id)).toHaveLength(1);

    await expectTimeline(deployment.client(), id, `HTTP ${String(status)}`, 'Failed. It will not be retried');

    const retried = await deployment.client().retry(id);
    expect(retried.status).toBe(202);
    await expectReady(deployment, [id], 10_000);
  });

  it('asks for 2 s of rest with 429: the session waits as told', async () => {
    const before = await callsSoFar();
    await deployment.cas.fault({ kind: 'status', status: 429, retryAfter: '2', times: 1 });
    const id = await open();
    await expectReady(deployment, [id], 15_000);
    const [first, second] = (await deployment.cas.journal()).slice(before);
    const rest = new Date(second?.at ?? 0).getTime() - new Date(first?.at ?? 0).getTime();
    expect(rest).toBeGreaterThanOrEqual(2000);
  });

  it('asks for 10⁹ s of rest: the session waits a minute, not for ever', async () => {
    await deployment.cas.fault({ kind: 'status', status: 429, retryAfter: '1000000000', times: 1 });
    const id = await open();
    const row = await eventually(async () => {
      const [found] = await deployment.database.rows<{ wait: number }>(
        'SELECT extract(epoch FROM not_before - now())::float8 AS wait FROM sessions WHERE id = $1 AND not_before IS NOT NULL',
        [id],
      );
      expect(found).toBeDefined();
      return found;
    });
    expect(row?.wait).toBeLessThanOrEqual(60);
    expect(row?.wait).toBeGreaterThan(50);
    await deployment.client().close(id);
  });

  it.each(['far-token', 'no-exp'] as const)('sends a %s: its life is capped', async (kind) => {
    await deployment.cas.fault({ kind, times: 1 });
    const id = await open();
    await expectReady(deployment, [id]);
    const [row] = await deployment.database.rows<{ life: number }>(
      'SELECT extract(epoch FROM expires_at - ready_at)::float8 AS life FROM sessions WHERE id = $1',
      [id],
    );
    expect(row?.life).toBeGreaterThan(86_400 - 60);
    expect(row?.life).toBeLessThan(86_400 + 60);
  });

  it('is away for a while: the breaker opens, calls are bounded, no session fails, and all heal', async () => {
    await deployment.cas.fault({ kind: 'status', status: 503 });
    const breaker = `breaker_state{endpoint="${new URL(deployment.cas.url).host}"}`;
    const ids = await Promise.all(Array.from({ length: 40 }, open));
    await eventually(async () => {
      expect(await metric(deployment.worker.opsUrl, breaker)).toBe(2);
    });
    const opened = await callsSoFar();
    // Forty sessions at once may all be under way when the fifth failure opens the breaker; from then on only probes.
    const since = performance.now();
    await eventually(() => {
      expect(performance.now() - since).toBeGreaterThan(11_000);
    }, 12_000);
    expect((await callsSoFar()) - opened).toBeLessThanOrEqual(4);
    await expectTimeline(deployment.client(), ids[39] ?? '', 'the circuit breaker is open', 'Still pending');
    await deployment.cas.clearFaults();
    await expectReady(deployment, ids, 40_000);
    await eventually(async () => {
      expect(await metric(deployment.worker.opsUrl, breaker)).toBe(0);
    });
  }, 90_000);

  it('never gets a word of its own to clients, rows or logs', async () => {
    await expectInvariants(deployment, accepted);
    expect(everythingWritten()).not.toContain(VENDOR_TEXT);
    const dump = await deployment.database.rows<{ text: string }>('SELECT s::text AS text FROM sessions s');
    expect(dump.map((row) => row.text).join()).not.toContain(VENDOR_TEXT);
    expect(everythingWritten()).not.toContain(deployment.cas.apiSecret);
    expect(everythingWritten()).not.toContain(deployment.cas.apiKey);
  });
});
