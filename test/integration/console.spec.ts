import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FleetWatch } from '../../apps/gateway/src/fleet/fleet-watch.js';
import { eventually } from '../support/eventually.js';
import { TestApp } from '../support/test-app.js';

interface Call {
  /** Of the gateways. */
  at?: number;
  key?: string | null;
  body?: object;
  headers?: Record<string, string>;
}

describe('the console on the ops port', () => {
  let testApp: TestApp;
  const urls: string[] = [];
  beforeAll(async () => {
    testApp = await TestApp.open();
    urls.push(opsUrl());
    await testApp.startGateway({ CONSOLE_READ_ONLY: 'on' });
    urls.push(opsUrl());
    await testApp.startGateway({ NODE_ENV: 'development' });
    urls.push(opsUrl());
  });
  afterAll(() => testApp.end());

  /** Of the gateway that was started last. */
  const opsUrl = (): string => {
    const lines = testApp.log.filter(({ app, msg }) => app === 'gateway' && msg === 'ops port is listening');
    return String(lines.at(-1)?.url);
  };
  const [NORMAL, READ_ONLY, DEVELOPMENT] = [0, 1, 2];

  const ask = async (path: string, { at = NORMAL, key = testApp.apiKey, body, headers = {} }: Call = {}) => {
    const response = await fetch(`${String(urls[at])}/console${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json', 'x-console': '1' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: (isJson ? JSON.parse(text) : {}) as Record<string, never>,
    };
  };

  it('shows the warm pool in the overview: its plan, its level and its age', async () => {
    const schedule = [
      { products: ['sync'], at: '2099-11-28T19:45:00.000Z', until: '2099-11-28T21:15:00.000Z', target: 10_000 },
    ];
    const plan = { targets: [{ products: ['sync'], target: 2 }], schedule };
    await testApp.client.send('PUT', '/v1/pool', { body: plan });
    await eventually(async () => {
      const { body } = await ask('/api/overview');
      const levels = [{ products: ['sync'], target: 2, level: 2, minting: 0, oldestS: expect.any(Number) }];
      expect(body.pool).toEqual({ ...plan, changedAt: expect.any(String), levels });
    });
  });

  const failedSession = async (room: string) => {
    await testApp.cas.fault({ kind: 'status', status: 401 });
    const { body } = await testApp.client.openRoom(room, { wait: 10 });
    await testApp.cas.clearFaults();
    expect(body.status).toBe('failed');
    return body;
  };

  it('serves its page without a key, with a strict policy, no cookie and no trace in a cache', async () => {
    for (const path of ['', '/sessions', '/sessions/ses_x', '/webhooks', '/main.js', '/console.css', '/uplot.js']) {
      const { status, headers, text } = await ask(path, { key: null });
      expect([path, status, headers.get('cache-control'), headers.get('set-cookie')]).toEqual([
        path,
        200,
        'no-store',
        null,
      ]);
      expect(headers.get('content-security-policy')).toContain(
        "default-src 'none'; script-src 'self'; style-src 'self'",
      );
      if (path === '') expect(text).not.toMatch(/<script(?![^>]*src=)|<style| style=| on\w+=/);
    }
  });

  it.each(['/api/me', '/api/overview', '/api/sessions', '/api/webhooks', '/api/redrive'])(
    'shows %s only to an API key with the scope admin',
    async (path) => {
      const reader = await testApp.clientWith('sessions:read');
      expect((await ask(path, { key: null })).status).toBe(401);
      expect((await ask(path, { key: 'wtk_none_x' })).status).toBe(401);
      expect((await ask(path, { key: reader.apiKey })).status).toBe(403);
      expect((await ask(path)).status).toBe(200);
    },
  );

  it('takes no key in development from this machine, and takes one from everywhere else', async () => {
    const at = DEVELOPMENT;
    expect((await ask('/api/me', { at, key: null })).body).toMatchObject({ operator: 'console' });
    expect((await ask('/api/me', { at, key: null, headers: { 'x-forwarded-for': '192.0.2.7' } })).status).toBe(401);
    expect((await ask('/api/me', { at, key: null, headers: { origin: 'http://evil.example' } })).status).toBe(401);
  });

  it('refuses changes that its own page did not send', async () => {
    const body = { reason: 'because', failure: null, before: new Date().toISOString() };
    const none = await ask('/api/redrive', { body, headers: { 'sec-fetch-site': 'cross-site' } });
    const foreign = await ask('/api/redrive', { body, headers: { origin: 'http://evil.example' } });
    expect([none.status, foreign.status]).toEqual([403, 403]);
    // The page's own header, which another site can send only after a preflight request, and that is refused.
    const unmarked = await fetch(`${String(urls[NORMAL])}/console/api/redrive`, {
      method: 'POST',
      headers: { authorization: `Bearer ${testApp.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(unmarked.status).toBe(403);
    const plain = await ask('/api/redrive', { body, headers: { 'content-type': 'text/plain' } });
    expect(plain.status).toBe(415);
  });

  it('retries a failed session with a reason that stands in the audit trail and in its timeline', async () => {
    const { id, version } = await failedSession('repaired');
    const { body, status } = await ask(`/api/sessions/${id}/retry`, {
      body: { version, reason: '  new   credentials ' },
    });
    expect([status, body]).toMatchObject([200, { session: { status: 'pending' } }]);
    await eventually(async () => {
      expect((await testApp.client.read(id)).body.status).toBe('ready');
    });
    const audit = await testApp.client.send<{ items: { action: string; reason: string | null }[] }>(
      'GET',
      `/v1/audit?session=${id}`,
    );
    expect(audit.body.items.find(({ action }) => action === 'retry')).toMatchObject({ reason: 'new credentials' });
    const shown = await ask(`/api/sessions/${id}`);
    expect(shown.body.reasons).toMatchObject([{ action: 'retry', reason: 'new credentials' }]);
    expect(shown.text).not.toContain('eyJ');
  });

  it('takes no secret for a reason', async () => {
    const { id, version } = await failedSession('secret');
    await ask(`/api/sessions/${id}/close`, { body: { version, reason: `key ${testApp.apiKey}` } });
    const [row] = await testApp.database.rows<{ reason: string }>(
      'SELECT reason FROM audit_entries WHERE session_id = $1 AND reason IS NOT NULL',
      [id],
    );
    expect(row?.reason).toBe('key [api key]');
  });

  it('does nothing with a session that is not as it was shown, and shows it as it is', async () => {
    const { id, version } = await failedSession('changed');
    await testApp.client.close(id);
    const { status, body } = await ask(`/api/sessions/${id}/retry`, { body: { version, reason: 'too late' } });
    expect([status, body]).toMatchObject([
      409,
      { code: 'session-changed', session: { status: 'closed', actions: [] } },
    ]);
  });

  it('asks for a reason', async () => {
    const { id, version } = await failedSession('unexplained');
    for (const reason of ['', '  ', 'x', 'x'.repeat(201)])
      expect((await ask(`/api/sessions/${id}/close`, { body: { version, reason } })).status).toBe(422);
  });

  it('rotates, and closes', async () => {
    const { body: session } = await testApp.client.openRoom('rotating', { wait: 10 });
    const rotated = await ask(`/api/sessions/${session.id}/rotate`, {
      body: { version: session.version, reason: 'leaked' },
    });
    expect(rotated.body).toMatchObject({ session: { status: 'closed' }, next: { generation: 2, room: 'rotating' } });
  });

  it('retries all failed sessions of a code, and not those that fail again', async () => {
    await failedSession('many-1');
    await failedSession('many-2');
    const preview = await ask('/api/redrive?failure=cas-credentials-rejected');
    expect(preview.body.query).toBe('status = failed, failure = cas-credentials-rejected');
    const { count, before } = preview.body as unknown as { count: number; before: string };
    expect(count).toBeGreaterThanOrEqual(2);
    const body = { reason: 'key corrected', failure: 'cas-credentials-rejected', before };
    expect((await ask('/api/redrive', { body })).body).toEqual({ retried: count, left: 0 });
    expect((await ask('/api/redrive', { body })).body).toEqual({ retried: 0, left: 0 });
  });

  it('sends a delivery again with a reason that stands in the audit trail, and not without one', async () => {
    const { body: webhook } = await testApp.client.send<{ id: string }>('POST', '/v1/webhooks', {
      body: { url: 'https://hooks.invalid/', types: ['session.ready'] },
    });
    const { body: ping } = await testApp.client.send<{ delivery: string }>('POST', `/v1/webhooks/${webhook.id}/ping`);
    const path = `/api/webhooks/${webhook.id}/deliveries/${ping.delivery}/replay`;
    expect((await ask(path, { body: {} })).status).toBe(422);
    expect((await ask(path, { body: { reason: `lost, with ${testApp.apiKey}` } })).status).toBe(200);
    expect((await ask(path.replace('msg_', 'msg_0'), { body: { reason: 'lost' } })).status).toBe(404);
    const { body: audit } = await testApp.client.send<{ items: object[] }>('GET', `/v1/audit?session=${ping.delivery}`);
    expect(audit.items).toEqual([
      expect.objectContaining({ action: 'replay-webhook', count: 1, reason: 'lost, with [api key]' }),
    ]);
    await testApp.client.send('DELETE', `/v1/webhooks/${webhook.id}`);
  });

  it('lists sessions by failure code', async () => {
    const { id } = await failedSession('listed');
    const list = async (query: string) =>
      (await ask(`/api/sessions?${query}`)).body.items as unknown as { id: string }[];
    expect((await list('failure=cas-credentials-rejected')).map((one) => one.id)).toContain(id);
    expect(await list('failure=cas-bad-reply')).toEqual([]);
    expect((await ask('/api/sessions?failure=unknown')).status).toBe(422);
  });

  it('refuses every change when it is read-only, whatever its page says', async () => {
    const { id, version } = await failedSession('read-only');
    const at = READ_ONLY;
    for (const [path, body] of [
      [`/api/sessions/${id}/retry`, { version, reason: 'because' }],
      [`/api/sessions/${id}/close`, { version, reason: 'because' }],
      ['/api/redrive', { reason: 'because', failure: null, before: new Date().toISOString() }],
      ['/api/webhooks/x/deliveries/y/replay', { reason: 'because' }],
    ] as const) {
      const reply = await ask(path, { at, body });
      expect([path, reply.status, reply.body.code]).toEqual([path, 403, 'console-read-only']);
    }
    expect((await testApp.client.read(id)).body.status).toBe('failed');
    expect((await ask('/api/me', { at })).body).toMatchObject({ readOnly: true });
  });

  it('limits the rate of an operator', async () => {
    const replies = await Promise.all(Array.from({ length: 150 }, () => ask('/api/me', { at: READ_ONLY })));
    expect(replies.map(({ status }) => status)).toContain(429);
  });

  it('says what CAS answers, since when, and when it was over', async () => {
    const watch = testApp.gateway.app.get(FleetWatch);
    await testApp.cas.fault({ kind: 'status', status: 503 });
    await testApp.client.openRoom('in trouble');
    const told = await eventually(async () => {
      await watch.look();
      const { body } = await ask('/api/overview');
      const [first] = body.troubles as unknown as { what: string; since: string; doing: string }[];
      expect(first?.what).toBe('CAS answers 503');
      return first;
    }, 30_000);
    expect(told?.doing).toContain('Nothing is lost: sessions fail only at their deadline');
    await testApp.cas.clearFaults();
    await eventually(async () => {
      await watch.look();
      const { body } = await ask('/api/overview');
      const past = body.past as unknown as { past: string; since: string }[];
      expect(past.find(({ past: what }) => what === 'CAS answered 503')).toMatchObject({ since: told?.since });
    }, 60_000);
  }, 120_000);
});
